"""For how long something has been so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable


class Streaks:
    """Counts, for each thing, the samples in a row in which it was so."""

    def __init__(self) -> None:
        self._counts: defaultdict[Hashable, int] = defaultdict(int)

    def count(self, thing: Hashable, is_so: bool) -> int:
        """How many samples it has been so by now, this one included."""
        self._counts[thing] = self._counts[thing] + 1 if is_so else 0
        return self._counts[thing]
