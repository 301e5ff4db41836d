"""Hearing of an interrupt although the main thread waits in C.

Python's own handler of SIGINT runs in the main thread, between two instructions. A thread that
waits in C++ for another rank never comes to it. So a second thread hears of the signal through
the file descriptor that Python writes to at once. A process has one such descriptor, so all who
want to hear share it.
"""

from __future__ import annotations

import os
import signal
import threading

_listeners: list[threading.Event] = []
_turn = threading.Lock()
_pipes: list[tuple[int, int]] = []
"""The end that Python writes to and the descriptor that was there before; one at most."""


def listen() -> threading.Event:
    """An event that is set by each interrupt from now on; called in the main thread.

    Where no signal writes to a pipe (Windows), it never is.
    """
    heard = threading.Event()
    with _turn:
        _listeners.append(heard)
    if os.name == "posix" and not _pipes:
        hears, rings = os.pipe()
        os.set_blocking(rings, False)
        _pipes.append((rings, signal.set_wakeup_fd(rings, warn_on_full_buffer=False)))
        threading.Thread(target=_hear, args=(hears,), daemon=True, name="dlmagic hearing").start()
    return heard


def leave(heard: threading.Event) -> None:
    """Let nobody set the event any more; called in the main thread."""
    with _turn:
        _listeners.remove(heard)
        last = not _listeners
    if last and _pipes:
        rings, before = _pipes.pop()
        now = signal.set_wakeup_fd(before)
        if now != rings:  # somebody else has come since: what is theirs stays
            signal.set_wakeup_fd(now)
        os.close(rings)  # the thread reads the end of it


def _hear(hears: int) -> None:
    try:
        while heard := os.read(hears, 64):
            if signal.SIGINT in heard:
                with _turn:
                    for each in _listeners:
                        each.set()
    finally:
        os.close(hears)
