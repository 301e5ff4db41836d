"""The graph of a compiler that makes one, in the first call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dlmagic.frameworks.captured import CapturedGraph
from dlmagic.magics.graphmode.capture import Captured


@dataclass
class FirstGraph:
    """Whether the graph has been read; later calls make none.

    Attributes:
        noted: Whether it has been.
    """

    noted: bool = False

    def note(self, captured: Captured, read: Callable[[], CapturedGraph]) -> None:
        """Read it after the first call, also where that fails, and never again."""
        if not self.noted:
            self.noted = True
            captured.graphs.append(read())
