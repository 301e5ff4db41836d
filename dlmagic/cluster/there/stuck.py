"""Ends a collective in which a cell of the user's (``%%px``) waits on although it was interrupted.

Ranks are never interrupted at the same moment. One that hears of it before a collective leaves it
out, and another that is in it already waits for that one, in C++, until the group gives up.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType

from dlmagic.cluster.there.hearing import leave, listen
from dlmagic.frameworks.collectives import hang_up

PATIENCE = 5.0
"""Seconds that a cell has to move: one call of its own may take long, too."""

_BETWEEN_LOOKS = 0.1


class StuckCells:
    """Looks after the cells of an engine from :meth:`begin` to :meth:`end`.

    Args:
        namespace: The names of the engine; a cell is what runs with them.
        told: Is called from another thread when a cell was stuck, with whether a process group
            was cut off for it.
        patience: Seconds.
    """

    def __init__(
        self,
        namespace: Mapping[str, object],
        told: Callable[[bool], object],
        patience: float = PATIENCE,
    ) -> None:
        self._namespace, self._told, self._patience = namespace, told, patience
        self._over = threading.Event()
        self._main = threading.get_ident()

    def begin(self) -> None:
        """Called in the main thread of the engine, as :meth:`end` is."""
        self._heard = listen()
        threading.Thread(target=self._watch, daemon=True, name="dlmagic stuck cells").start()

    def end(self) -> None:
        """Look after them no longer."""
        leave(self._heard)
        self._over.set()
        self._heard.set()

    def _watch(self) -> None:
        while self._heard.wait() and not self._over.is_set():
            self._heard.clear()
            if self._is_stuck():
                self._told(hang_up())

    def _is_stuck(self) -> bool:
        """Whether a cell stands at one place for the whole of the patience, now or soon.

        An interrupt that gets through makes it move: it is an exception. One that is raised in a
        callback of C++ may be lost there; then the cell goes on, to the next collective.
        """
        enough = round(self._patience / _BETWEEN_LOOKS)
        place, stood = self._place(), 0
        for _ in range(2 * enough):
            if place is None or self._over.wait(_BETWEEN_LOOKS):
                return False
            before, place = place, self._place()
            stood = stood + 1 if place == before else 0
            if stood == enough:
                return True
        return False

    def _place(self) -> tuple[int, int] | None:
        """The instruction at which the main thread is; None where no cell runs."""
        frame = sys._current_frames().get(self._main)
        if frame is None or not _is_of(frame, self._namespace):
            return None
        return id(frame), frame.f_lasti


def _is_of(frame: FrameType | None, namespace: Mapping[str, object]) -> bool:
    while frame is not None:
        if frame.f_globals is namespace:
            return True
        frame = frame.f_back
    return False
