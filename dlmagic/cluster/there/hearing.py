"""Hearing of an interrupt although the main thread waits in C.

Python's own handler of SIGINT runs in the main thread, between two instructions. A thread that
waits in C++ for another rank never comes to it. So a second thread hears of the signal through
the file descriptor that Python writes to at once. A process has one such descriptor, so all who
want to hear share it, and what came to it before is handed on.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass

_OVER = b"\0"  # no signal has this number


@dataclass(eq=False)
class _Pipe:
    """What signals are written to.

    Attributes:
        hears: The end that is read.
        rings: The end that Python writes to.
        before: The descriptor that it wrote to before; -1 for none.
    """

    hears: int
    rings: int
    before: int = -1


_listeners: list[threading.Event] = []
_pipes: list[_Pipe] = []  # one at most
_turn = threading.Lock()


def listen(heard: threading.Event) -> None:
    """Have an event set by each interrupt from now on; called in the main thread.

    Where no signal writes to a pipe (Windows), it never is.
    """
    with _turn:
        _listeners.append(heard)
    if os.name != "posix":
        return
    if not _pipes:
        pipe = _Pipe(*os.pipe())
        os.set_blocking(pipe.rings, False)
        threading.Thread(target=_hear, args=(pipe,), daemon=True, name="dlmagic hearing").start()
        _pipes.append(pipe)
    pipe = _pipes[0]
    before = signal.set_wakeup_fd(pipe.rings, warn_on_full_buffer=False)
    if before != pipe.rings:  # an event loop has taken it, or given it back, meanwhile
        pipe.before = before


def leave(heard: threading.Event) -> None:
    """Let nobody set the event any more; called in the main thread, as often as one likes."""
    with _turn:
        if heard in _listeners:
            _listeners.remove(heard)
        last = not _listeners
    if last and _pipes:
        pipe = _pipes.pop()
        now = signal.set_wakeup_fd(-1)
        with suppress(OSError, ValueError):  # whoever had it may have closed it
            signal.set_wakeup_fd(pipe.before if now == pipe.rings else now)
        os.write(pipe.rings, _OVER)
        os.close(pipe.rings)


def _hear(pipe: _Pipe) -> None:
    try:
        while _OVER not in (heard := os.read(pipe.hears, 64)) and heard:
            if pipe.before != -1:
                with suppress(OSError):
                    os.write(pipe.before, heard)
            if signal.SIGINT in heard:
                with _turn:
                    for each in _listeners:
                        each.set()
    finally:
        os.close(pipe.hears)


def _forget() -> None:
    """In a process that was forked from one that hears: its signals are not ours."""
    global _turn
    _turn = threading.Lock()
    _listeners.clear()
    while _pipes:
        pipe = _pipes.pop()
        signal.set_wakeup_fd(-1)
        os.close(pipe.hears)
        os.close(pipe.rings)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
