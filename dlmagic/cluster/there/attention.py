"""Interrupts that get through although the engine's main thread waits in a collective.

A second thread hears of the signal (:mod:`~dlmagic.cluster.there.hearing`), gives the main thread
a moment, and then ends the collectives under it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from dlmagic.cluster.there.hearing import leave, listen
from dlmagic.cluster.there.trouble import text_of_stack
from dlmagic.frameworks.collectives import hang_up

PATIENCE = 1.5
"""Seconds that the main thread has for each step: to stop where it likes, then at all."""


@dataclass
class Attention:
    """How the main thread of an engine takes an interrupt.

    Attributes:
        stopping: Whether an interrupt has come in a stretch that ends by itself.
    """

    stopping: bool = False
    _gentle: bool = False
    _over: threading.Event = field(default_factory=threading.Event)
    _main: int = field(default_factory=threading.get_ident)

    @contextmanager
    def gently(self) -> Iterator[None]:
        """A stretch in which a first interrupt only sets ``stopping``.

        Whoever is in it looks at that where all ranks can stop together. It has
        :data:`PATIENCE` for it; then it is interrupted like anything else.
        """
        self._gentle = True
        try:
            yield
        finally:
            self._gentle = False

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self._gentle and not self.stopping:
            self.stopping = True
            return
        raise KeyboardInterrupt

    def _watch(self, heard: threading.Event, tell: Callable[[object], object]) -> None:
        heard.wait()
        if self._over.wait(PATIENCE):
            return
        if self._gentle:
            signal.pthread_kill(self._main, signal.SIGINT)
            if self._over.wait(PATIENCE):
                return
        where = text_of_stack(sys._current_frames().get(self._main))
        hang_up()
        if not self._over.wait(PATIENCE):
            tell({"stands": where})


@contextmanager
def attentive(tell: Callable[[object], object]) -> Iterator[Attention]:
    """A block, run in the main thread, that an interrupt ends even in a collective.

    Args:
        tell: Is told where the main thread stands if not even that ends it.
    """
    attention = Attention()
    if os.name != "posix":  # there no signal writes to a pipe
        yield attention
        return
    heard = threading.Event()
    watcher = threading.Thread(
        target=attention._watch, args=(heard, tell), daemon=True, name="dlmagic attention"
    )
    watcher.start()
    handler = signal.getsignal(signal.SIGINT)
    try:
        listen(heard)
        signal.signal(signal.SIGINT, attention._handle)
        yield attention
    finally:
        attention._over.set()
        signal.signal(signal.SIGINT, handler)
        leave(heard)
        heard.set()  # nobody waits for it any more
        watcher.join(timeout=1)
