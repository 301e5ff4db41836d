"""One fresh interpreter that runs one task, and its end whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

import psutil

from dlmagic.errors import InputError, ResultFormatError
from dlmagic.magics.bench.isolated.task import Answer, Task

_BOOTSTRAP = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from dlmagic.magics.bench.isolated.child import main; main()"
)
_GRACE = 5.0  # seconds to end by itself after the answer
_WAKE_UP = 0.25  # seconds after which to look for an interrupt
_TAIL = 65_536  # bytes of standard error that are looked at


def run_task(task: Task) -> Answer:
    """Run a task in a fresh process of this interpreter and wait for its answer.

    Nothing is left behind: no process, no file, whatever happens to this one.

    Raises:
        KeyboardInterrupt: The user stopped it; the process is gone.
        InputError: There is no interpreter to start.
    """
    with tempfile.TemporaryFile() as errors, _started(task, errors) as process:
        line = _conversation(process, task)
        if line.endswith(b"\n"):
            try:
                return Answer.from_line(line)
            except ResultFormatError as problem:
                return Answer(reason=str(problem))
        return Answer(reason=_how_it_ended(_end_of(process), errors))


@contextmanager
def _started(task: Task, errors: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    if not sys.executable:
        raise InputError("--isolate finds no Python interpreter to start (sys.executable).")
    path = list(map(os.fspath, sys.path))
    process = subprocess.Popen(
        [sys.executable, *_flags(), "-c", _BOOTSTRAP, json.dumps(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        env={**os.environ, **task.parcel.variables},
        start_new_session=True,  # Ctrl-C is for us to pass on
    )
    grace = 0.0
    try:
        yield process
        grace = _GRACE
    finally:
        _end(process, grace)


def _flags() -> list[str]:
    """No folder that happens to be the present one goes before Python's own modules."""
    return ["-P", *["-O"] * sys.flags.optimize]


def _conversation(process: subprocess.Popen[bytes], task: Task) -> bytes:
    """Send a task, wait for the line that answers it; an incomplete one where it crashed."""
    assert process.stdin is not None
    assert process.stdout is not None
    parcel = task.parcel
    with contextlib.suppress(BrokenPipeError):  # it ended early, and will say why
        for part in (task.header(), *parcel.settings.values(), parcel.values):
            process.stdin.write(part)
        process.stdin.flush()
    return _line_from(process.stdout)


def _line_from(source: IO[bytes]) -> bytes:
    """Wait for a line; an interrupt is noticed even if another thread received its signal."""
    if os.name != "posix":  # there only sockets can be waited for
        return source.readline()
    line = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(source, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if selector.select(_WAKE_UP):
                piece = os.read(source.fileno(), 1 << 20)
                if not piece:
                    break
                line += piece
    return bytes(line)


def _end_of(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a process that has closed its output."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(_GRACE)
    process.kill()
    return process.wait()


def _how_it_ended(status: int, errors: IO[bytes]) -> str:
    """Why there is no answer: the signal or the exit status, and the last words."""
    said = _last_line(errors)
    words = f"; the last line on standard error: {said}" if said else ""
    if status >= 0:
        return f"its process ended with exit status {status}{words}"
    try:
        name = signal.Signals(-status).name
        what = signal.strsignal(-status) or name
    except ValueError:
        name, what = f"signal {-status}", "unknown"
    why = ", as happens when memory runs out" if name == "SIGKILL" else ""
    return f"its process ended with {name} ({what}){why}{words}"


def _last_line(errors: IO[bytes]) -> str:
    end = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, end - _TAIL))
    lines = errors.read().decode("utf-8", "replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    return said[-1][:200] if said else ""


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """Let a process that has answered end by itself; end everything that is left of it."""
    offspring = _offspring(process)
    try:
        if grace and process.poll() is None:
            process.wait(grace)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _kill([*offspring, *_offspring(process)])
        _kill_group(process.pid)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _kill_group(leader: int) -> None:
    """End what a process that crashed has left; it had a session, so a group, of its own."""
    if hasattr(os, "killpg"):  # absent on Windows
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _offspring(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return list(psutil.Process(process.pid).children(recursive=True))
    except psutil.Error:
        return []


def _kill(processes: Iterable[psutil.Process]) -> None:
    for each in processes:
        with contextlib.suppress(psutil.Error):
            each.kill()
