"""Questions that only another process may ask: it starts CUDA, or imports a framework.

The child looks for modules where this process does, with its environment variables, and tells one
value as JSON. One that is late is killed; one that crashes takes nobody with it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from dlmagic.devices.driver.situation import Situation
from dlmagic.devices.reading import Reason

_MARK = "dlmagic answers: "  # what libraries print comes before it
_LAUNCHER = """
import importlib, json, os, sys
path, module, arguments = json.loads(sys.argv.pop())
sys.path[:] = path
answer = importlib.import_module(module).look(**arguments)
print("\\n{mark}" + json.dumps(answer), flush=True)
os._exit(0)  # frameworks take seconds to end
"""
_PAUSE = 0.02
_LONGEST = 20_000  # characters of what it prints


@dataclass(frozen=True)
class Answer:
    """What a child said.

    Attributes:
        value: Its answer, or why there is none.
        printed: What it and its libraries wrote to the error stream.
    """

    value: Any | Reason
    printed: str = ""


class Child:
    """A process that has been started to ask one question.

    Args:
        module: Its function ``look`` asks, and returns what JSON can hold.
        situation: Whose question it is.
        deadline: Seconds until it is killed.
        environ: Environment variables beside those of the situation.
        arguments: For ``look``.
    """

    def __init__(
        self,
        module: str,
        situation: Situation,
        *,
        deadline: float,
        environ: Mapping[str, str] | None = None,
        **arguments: object,
    ) -> None:
        self._deadline = deadline
        self._begun = time.monotonic()
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        task = json.dumps([list(situation.path), module, arguments])
        # Without -P the folder of the program would be looked at before all others.
        command = [sys.executable, "-P", "-c", _LAUNCHER.format(mark=_MARK), task]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._errors,
            env={**situation.environ, **(environ or {})},
            start_new_session=True,  # an interrupt is for the notebook
        )

    @property
    def seconds(self) -> float:
        """How long ago it was started."""
        return time.monotonic() - self._begun

    def done(self) -> bool:
        """Whether it has ended, or is late."""
        return self._process.poll() is not None or self.seconds > self._deadline

    def end(self) -> None:
        """Kill it, and let go of what it printed."""
        self._kill()
        self._out.close()
        self._errors.close()

    def answer(self) -> Answer:
        """What it said, once it is done; it has ended then."""
        late = self._process.poll() is None
        self._kill()
        said, printed = _text(self._out), _text(self._errors)
        self.end()
        if late:
            return Answer(Reason(f"no answer within {self._deadline:g} s"), printed)
        _, mark, answer = said.rpartition(_MARK)
        if mark:
            return Answer(json.loads(answer), printed)
        return Answer(_why_silent(self._process.returncode, printed), printed)

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            with suppress(subprocess.TimeoutExpired):  # one that hangs in the driver
                self._process.wait(0.5)


def wait_for(
    children: Mapping[str, Child], tell: Callable[[str, float], None] = lambda *_: None
) -> dict[str, Answer]:
    """The answers of all, each within its deadline; whatever happens, none is left running.

    Args:
        children: By name.
        tell: Is told who is waited for, and for how many seconds.
    """
    try:
        while waiting := [name for name, child in children.items() if not child.done()]:
            tell(waiting[0], children[waiting[0]].seconds)
            time.sleep(_PAUSE)
        return {name: child.answer() for name, child in children.items()}
    finally:
        for child in children.values():
            child.end()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")[-_LONGEST:]


def _why_silent(code: int, printed: str) -> Reason:
    if code < 0:
        return Reason(f"it crashed (signal {-code})", code)
    last = next((line.strip() for line in reversed(printed.splitlines()) if line.strip()), "")
    return Reason(last or f"it ended with code {code}", code)
