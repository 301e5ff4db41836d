"""Statistics over time in memory of a fixed size: in a long course, neighbours become one point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import STATISTICS, Row, Statistic

Floats = NDArray[np.float32]

MOST_POINTS = 240
"""Points of a course; of more, two become one."""

LEAST_POINTS = 60
"""Points that a course has room for, however many courses there are."""

MOST_BYTES = 4_000_000
"""Of all points together; many courses have fewer points each."""

_SHAPE: tuple[Statistic, ...] = ("mean", "std", "norm", "min", "max", "nan", "inf")
_KEPT: dict[str, tuple[Statistic, ...]] = {
    "activation": (*_SHAPE, "zeros", "dead"),
    "activation-gradient": _SHAPE,
    "gradient": _SHAPE,
    "weight": _SHAPE,
    "update": ("norm", "ratio"),
}
_SMALLEST, _LARGEST, _SUM, _MEAN = range(4)
_WAYS = {"min": _SMALLEST, "max": _LARGEST, "nan": _SUM, "inf": _SUM}


class Courses:
    """One course for each row and statistic that was ever measured.

    A point stands for some samples: by their mean, of ``min`` and ``max`` the extreme, of counts
    the sum.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.number = np.full((0, len(STATISTICS)), -1)
        """Which course a row and statistic have, ``[row, statistic]``; -1 for none."""
        self.least: Floats = np.full(0, np.nan, np.float32)
        """The smallest value of each course, in all samples."""
        self.most: Floats = np.full(0, np.nan, np.float32)
        """The largest one."""
        self.points = 0
        """How many points the courses have, the unfinished one included."""
        self.room = MOST_POINTS
        """How many they have room for."""
        self._most_bytes = most_bytes
        self._values: Floats = np.full((0, self.room), np.nan, np.float32)
        self._ways = np.zeros(0, int)
        self._weights = np.zeros(0)  # samples in the newest point, by course

    @property
    def nbytes(self) -> int:
        """Bytes that all of it takes."""
        parts = (self.number, self.least, self.most, self._values, self._ways, self._weights)
        return sum(part.nbytes for part in parts)

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Make room for more rows, below those that there are."""
        more = np.full((len(rows), len(STATISTICS)), -1)
        for number, row in enumerate(rows):
            for statistic in _KEPT[row.quantity]:
                more[number, STATISTICS.index(statistic)] = -2  # kept, and not yet measured
        self.number = np.vstack([self.number, more])

    def add(self, places: NDArray[np.intp], samples: Floats, *, new_point: bool) -> None:
        """Add samples to one point.

        Args:
            places: The row of each of a sample's rows.
            samples: ``[sample, row, statistic]``.
            new_point: Whether they begin a point.
        """
        self._open_courses(places, samples)
        if new_point:
            self.points += 1
            self._weights[:] = 0
        self._merge(places, samples)

    def matrix(self, statistic: Statistic) -> Floats:
        """One statistic of all rows, ``[row, point]``; NaN where it has not been measured."""
        numbers = self.number[:, STATISTICS.index(statistic)]
        found = np.full((len(numbers), self.points), np.nan, np.float32)
        found[numbers >= 0] = self._values[numbers[numbers >= 0], : self.points]
        return found

    def extremes(self) -> tuple[Floats, Floats]:
        """The smallest and the largest values of all samples, ``[row, statistic]`` each."""
        return self._spread(self.least), self._spread(self.most)

    def halve(self) -> None:
        """Make one point of each two neighbours; their number must be even."""
        left, right = self._values[:, : self.points : 2], self._values[:, 1 : self.points : 2]
        merged = _halved(np.stack([left, right]), self._ways)
        self.points //= 2
        self._values[:] = np.nan
        self._values[:, : self.points] = merged

    def _spread(self, values: Floats) -> Floats:
        found = np.full(self.number.shape, np.nan, np.float32)
        found[self.number >= 0] = values[self.number[self.number >= 0]]
        return found

    def _open_courses(self, places: NDArray[np.intp], samples: Floats) -> None:
        """Give a course to what is measured for the first time."""
        waiting = self.number[places] == -2
        if not waiting.any():
            return
        new = waiting & ~np.isnan(samples).all(axis=0)
        rows, statistics = np.nonzero(new)
        count = len(rows)
        if not count:
            return
        before = len(self._ways)
        self.number[places[rows], statistics] = np.arange(before, before + count)
        ways = [_WAYS.get(STATISTICS[each], _MEAN) for each in statistics]
        self._ways = np.concatenate([self._ways, np.array(ways, int)])
        self._weights = np.concatenate([self._weights, np.zeros(count)])
        unknown = np.full(count, np.nan, np.float32)
        self.least = np.concatenate([self.least, unknown])
        self.most = np.concatenate([self.most, unknown])
        self._make_room(count)

    def _make_room(self, count: int) -> None:
        """Room for so many courses more; all have fewer points where there are many."""
        fitting = self._most_bytes // (4 * len(self._ways)) // 2 * 2
        self.room = min(self.room, max(fitting, LEAST_POINTS))
        width = max(self.room, self.points + self.points % 2)  # the caller halves it later
        values = np.full((len(self._ways), width), np.nan, np.float32)
        kept = min(width, self._values.shape[1])
        values[: len(self._ways) - count, :kept] = self._values[:, :kept]
        self._values = values

    def _merge(self, places: NDArray[np.intp], samples: Floats) -> None:
        numbers = self.number[places]
        kept = numbers >= 0
        columns = [samples[at][kept] for at in range(len(samples))]
        values, numbers = np.array(columns), numbers[kept]
        for way in (_SMALLEST, _LARGEST, _SUM, _MEAN):
            chosen = self._ways[numbers] == way
            self._merge_in_one_way(way, numbers[chosen], values[:, chosen])

    def _merge_in_one_way(self, way: int, numbers: NDArray[np.int_], samples: Floats) -> None:
        lowest, highest = np.fmin.reduce(samples), np.fmax.reduce(samples)
        self.least[numbers] = np.fmin(self.least[numbers], lowest)
        self.most[numbers] = np.fmax(self.most[numbers], highest)
        last, at = self._values[numbers, self.points - 1], (numbers, self.points - 1)
        if way == _SMALLEST:
            self._values[at] = np.fmin(last, lowest)
        elif way == _LARGEST:
            self._values[at] = np.fmax(last, highest)
        elif way == _SUM:
            self._values[at] = _sum(np.concatenate([last[None], samples]))
        else:
            self._values[at] = self._mean_with(numbers, last, samples)

    def _mean_with(self, numbers: NDArray[np.int_], last: Floats, samples: Floats) -> Floats:
        """The mean of a point when samples come to it."""
        before = self._weights[numbers]
        count = len(samples) - np.isnan(samples).sum(axis=0)
        self._weights[numbers] = before + count
        total = np.where(before > 0, last * before, 0) + np.nansum(samples, axis=0, dtype=float)
        with np.errstate(invalid="ignore"):
            mean: Floats = (total / (before + count)).astype(np.float32)
        return mean


def _sum(samples: Floats) -> Floats:
    """Along the first axis; NaN only where all are."""
    unknown = np.isnan(samples).all(axis=0)
    total = np.nansum(samples, axis=0, dtype=float)
    return np.where(unknown, np.nan, total).astype(np.float32)


def _halved(pairs: Floats, ways: NDArray[np.int_]) -> Floats:
    """One point of each pair, ``[pair, course, point]``."""
    left, right = pairs
    mean = np.where(np.isnan(left), right, np.where(np.isnan(right), left, (left + right) / 2))
    extreme = [np.fmin(left, right), np.fmax(left, right)]
    merged: Floats = np.choose(ways[:, None], [*extreme, _sum(pairs), mean])
    return merged
