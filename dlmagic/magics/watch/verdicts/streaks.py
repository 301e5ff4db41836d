"""For how long something has been so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.table import Places, Table


class Streak:
    """Counts the samples in a row in which something was so."""

    def __init__(self) -> None:
        self._count = 0

    def count(self, is_so: bool) -> int:
        """How many samples it has been so by now, this one included."""
        self._count = self._count + 1 if is_so else 0
        return self._count


class Streaks:
    """Counts, for each row, the samples in a row in which something was so of it.

    Args:
        limits: From when on that is long enough.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counts: NDArray[np.int64] = np.zeros(0, np.int64)

    def lasting(self, table: Table, places: Places, are_so: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Of which rows it has been so for long enough; of none in the first steps.

        Args:
            table: The sample.
            places: The rows that are looked at; of others nothing is known in this sample.
            are_so: Whether it is so of each of those.
        """
        counts = self.counts(table, places, are_so)
        return (counts >= self._limits.patience) & (table.step > self._limits.first_steps)

    def counts(self, table: Table, places: Places, are_so: NDArray[np.bool_]) -> NDArray[np.int64]:
        """In how many samples in a row it has been so by now of each of the rows."""
        numbers = table.numbers(places)
        new = int(numbers.max(initial=-1)) + 1 - len(self._counts)
        self._counts = np.pad(self._counts, (0, max(new, 0)))
        counts = np.where(are_so, self._counts[numbers] + 1, 0)
        self._counts[numbers] = counts
        return counts
