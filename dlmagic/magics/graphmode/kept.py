"""What was compiled for a cell, kept for when a cell of the same text is run again.

Each run of a cell makes new code, which every compiler takes for a new function: what it knows
of the last run, and so every recompilation, would be lost.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlmagic.magics.graphmode.capture import CompiledCell

_MOST = 32  # cells; each keeps its graphs alive, and those their constants


class KeptGraphs:
    """The compiled cells of one shell, those used last."""

    def __init__(self) -> None:
        self._cells: OrderedDict[tuple[object, ...], CompiledCell] = OrderedDict()

    def find(self, key: tuple[object, ...]) -> CompiledCell | None:
        """What was compiled under this key, or None."""
        if key in self._cells:
            self._cells.move_to_end(key)
        return self._cells.get(key)

    def keep(self, key: tuple[object, ...], compiled: CompiledCell) -> None:
        """Keep it, and forget what was used least recently."""
        self._cells[key] = compiled
        self._cells.move_to_end(key)
        while len(self._cells) > _MOST:
            self._cells.popitem(last=False)

    def forget(self) -> None:
        """Let everything go."""
        self._cells.clear()
