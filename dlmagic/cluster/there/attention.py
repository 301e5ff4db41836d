"""Interrupts that get through although the engine's main thread waits in a collective.

Python's own handler of SIGINT runs in the main thread, between two instructions. A thread that
waits in C++ for another rank never comes to it. So a second thread hears of the signal through
the file descriptor that Python writes to at once, gives the main thread a moment, and then ends
the collectives under it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dlmagic.cluster.there.trouble import text_of_stack
from dlmagic.frameworks.collectives import hang_up

PATIENCE = 1.5
"""Seconds that the main thread has to end after an interrupt."""


@contextmanager
def attentive(tell: Callable[[object], object]) -> Iterator[None]:
    """A block, run in the main thread, that an interrupt ends even in a collective.

    Args:
        tell: Is told where the main thread stands if not even that ends it.
    """
    if os.name != "posix":  # there no pipe can be written to by a signal
        yield
        return
    hears, rings = os.pipe()
    os.set_blocking(rings, False)
    over = threading.Event()
    main = threading.get_ident()
    watcher = threading.Thread(
        target=_watch, args=(hears, over, main, tell), daemon=True, name="dlmagic attention"
    )
    before = signal.set_wakeup_fd(rings, warn_on_full_buffer=False)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        os.close(rings)  # the watcher reads the end of it
        watcher.join(timeout=1)


def _watch(hears: int, over: threading.Event, main: int, tell: Callable[[object], object]) -> None:
    try:
        while signal.SIGINT not in (heard := os.read(hears, 64)):
            if not heard:
                return
        if over.wait(PATIENCE):
            return
        where = text_of_stack(sys._current_frames().get(main))
        hang_up()
        if not over.wait(PATIENCE):
            tell({"stands": where})
    finally:
        os.close(hears)
