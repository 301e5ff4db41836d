"""Ends a collective in which a cell of the user's (``%%px``) waits on although it was interrupted.

Ranks are never interrupted at the same moment. One that hears of it before a collective leaves it
out, and another that is in it already waits for that one, in C++, until the group gives up.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType

from dlmagic.cluster.there.hearing import leave, listen
from dlmagic.cluster.there.interpreter import reaching
from dlmagic.frameworks.collectives import hang_up, may_wait_for_others

PATIENCE = 5.0
"""Seconds in one call of C after which a collective is taken to wait for ever."""

_BETWEEN_LOOKS = 0.1
_TO_FAIL = 1.5
"""Seconds that a collective has to fail when it has been cut off."""


class StuckCells:
    """Looks after the cells of an engine from :meth:`begin` to :meth:`end`.

    Args:
        namespace: The names of the engine; a cell is what runs with them, dlmagic's own tasks too.
        told: Is called from another thread when a cell was stuck, with whether it was freed by
            cutting off its process group.
        patience: Seconds.
    """

    def __init__(
        self,
        namespace: Mapping[str, object],
        told: Callable[[bool], object],
        patience: float = PATIENCE,
    ) -> None:
        self._namespace, self._told, self._patience = namespace, told, patience
        self._heard, self._over = threading.Event(), threading.Event()
        self._main = threading.get_ident()

    def begin(self) -> None:
        """Called in the main thread of the engine, as :meth:`end` is."""
        threading.Thread(target=self._watch, daemon=True, name="dlmagic stuck cells").start()
        listen(self._heard)

    def end(self) -> None:
        """Look after them no longer."""
        leave(self._heard)
        self._over.set()
        self._heard.set()

    def _watch(self) -> None:
        while self._heard.wait() and not self._over.is_set():
            self._heard.clear()
            try:
                if self._is_stuck():
                    self._told(self._is_freed())
            except Exception:  # whatever cannot be cut off
                self._told(False)

    def _is_stuck(self) -> bool:
        """Whether a cell comes to no instruction of Python for the whole of the patience.

        That may begin a while after the interrupt: one that is raised in a callback of C++ may be
        lost there, and then the cell goes on to the next collective.
        """
        last = time.monotonic() + self._patience
        while time.monotonic() < last:
            if not self._runs_cell():
                return False
            reached = reaching()
            if not self._wait_for(reached, self._patience):
                return not self._over.is_set() and self._waits()
            self._over.wait(_BETWEEN_LOOKS)
        return False

    def _is_freed(self) -> bool:
        reached = reaching()
        return hang_up() and self._wait_for(reached, _TO_FAIL)

    def _wait_for(self, reached: threading.Event, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._over.is_set():
            if reached.wait(_BETWEEN_LOOKS):
                return True
        return reached.is_set()

    def _runs_cell(self) -> bool:
        return any(frame.f_globals is self._namespace for frame in self._frames())

    def _waits(self) -> bool:
        """Whether the call may be one that waits for other ranks."""
        return may_wait_for_others([str(each.f_globals.get("__name__")) for each in self._frames()])

    def _frames(self) -> Iterator[FrameType]:
        """Of the main thread, from the innermost outwards."""
        frame = sys._current_frames().get(self._main)
        while frame is not None:
            yield frame
            frame = frame.f_back
