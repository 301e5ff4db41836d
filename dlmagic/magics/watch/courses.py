"""Statistics over time in memory of a fixed size: in a long course, neighbours become one point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
_NEVER, _NOT_YET = -1, -2  # of a number that is not kept, and of one that was not measured yet
_WAYS = {"min": _SMALLEST, "max": _LARGEST, "nan": _SUM, "inf": _SUM}


@dataclass(frozen=True, eq=False)
class _Route:
    """Where numbers of a sample go that become one point in the same way.

    Attributes:
        way: How.
        cells: Their places in a sample whose rows lie one after the other.
        numbers: The courses that they belong to.
    """

    way: int
    cells: NDArray[np.intp]
    numbers: NDArray[np.intp]


class Courses:
    """One course for each row and statistic that was ever measured.

    A point stands for some samples: by their mean, of ``min`` and ``max`` the extreme, of counts
    the sum.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.number = np.full((0, len(STATISTICS)), _NEVER)
        """Which course a row and statistic have, ``[row, statistic]``; below zero for none."""
        self.least: Floats = np.full(0, np.nan, np.float32)
        """The smallest value of each course, in all samples."""
        self.most: Floats = np.full(0, np.nan, np.float32)
        """The largest one."""
        self.points = 0
        """How many points the courses have, the unfinished one included."""
        self.room = MOST_POINTS
        """How many they have room for."""
        self._most_bytes = most_bytes
        self._values: Floats = np.full((self.room, 0), np.nan, np.float32)  # [point, course]
        self._ways = np.zeros(0, int)
        self._weights = np.zeros(0)  # samples in the newest point, by course
        self._places: NDArray[np.intp] = np.zeros(0, np.intp)
        self._routes: list[_Route] = []  # of samples with these places
        self._waiting: NDArray[np.intp] = np.zeros(0, np.intp)  # their cells without a course

    @property
    def nbytes(self) -> int:
        """Bytes that all of it takes."""
        routes = [part for each in self._routes for part in (each.cells, each.numbers)]
        kept = (self.number, self.least, self.most, self._values, self._ways, self._weights)
        return sum(part.nbytes for part in (*kept, *routes, self._waiting))

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Make room for more rows, below those that there are."""
        more = np.full((len(rows), len(STATISTICS)), _NEVER)
        for number, row in enumerate(rows):
            for statistic in _KEPT[row.quantity]:
                more[number, STATISTICS.index(statistic)] = _NOT_YET
        self.number = np.vstack([self.number, more])

    def add(self, places: NDArray[np.intp], samples: Floats, *, new_point: bool) -> None:
        """Add samples to one point.

        Args:
            places: The row of each of a sample's rows.
            samples: ``[sample, row, statistic]``.
            new_point: Whether they begin a point.
        """
        if places is not self._places:
            self._find_routes(places)
        flat = samples.reshape(len(samples), -1)
        if not np.isnan(flat.take(self._waiting, axis=1)).all():
            self._open_courses(flat)
        if new_point:
            self.points += 1
            self._weights[:] = 0
        for route in self._routes:
            self._merge(route, flat.take(route.cells, axis=1))

    def matrix(self, statistic: Statistic) -> Floats:
        """One statistic of all rows, ``[row, point]``; NaN where it has not been measured."""
        numbers = self.number[:, STATISTICS.index(statistic)]
        found = np.full((len(numbers), self.points), np.nan, np.float32)
        found[numbers >= 0] = self._values[: self.points, numbers[numbers >= 0]].T
        return found

    def extremes(self) -> tuple[Floats, Floats]:
        """The smallest and the largest values of all samples, ``[row, statistic]`` each."""
        return self._spread(self.least), self._spread(self.most)

    def halve(self) -> None:
        """Make one point of each two neighbours; their number must be even."""
        left, right = self._values[: self.points : 2], self._values[1 : self.points : 2]
        merged = _halved(np.stack([left, right]), self._ways)
        self.points //= 2
        self._values[:] = np.nan
        self._values[: self.points] = merged

    def _spread(self, values: Floats) -> Floats:
        found = np.full(self.number.shape, np.nan, np.float32)
        found[self.number >= 0] = values[self.number[self.number >= 0]]
        return found

    def _find_routes(self, places: NDArray[np.intp]) -> None:
        """Find out once where the numbers of such samples go."""
        numbers = self.number[places].reshape(-1)
        cells = np.flatnonzero(numbers >= 0)
        ways = self._ways[numbers[cells]]
        self._routes = [
            _Route(way, cells[ways == way], numbers[cells[ways == way]])
            for way in (_SMALLEST, _LARGEST, _SUM, _MEAN)
        ]
        self._places, self._waiting = places, np.flatnonzero(numbers == _NOT_YET)

    def _open_courses(self, flat: Floats) -> None:
        """Give a course to what is measured for the first time."""
        new = self._waiting[~np.isnan(flat.take(self._waiting, axis=1)).all(axis=0)]
        rows, statistics = np.divmod(new, len(STATISTICS))
        count, before = len(new), len(self._ways)
        self.number[self._places[rows], statistics] = np.arange(before, before + count)
        ways = [_WAYS.get(STATISTICS[each], _MEAN) for each in statistics]
        self._ways = np.concatenate([self._ways, np.array(ways, int)])
        self._weights = np.concatenate([self._weights, np.zeros(count)])
        unknown = np.full(count, np.nan, np.float32)
        self.least = np.concatenate([self.least, unknown])
        self.most = np.concatenate([self.most, unknown])
        self._make_room(count)
        self._find_routes(self._places)

    def _make_room(self, count: int) -> None:
        """Room for so many courses more; all have fewer points where there are many."""
        fitting = self._most_bytes // (4 * len(self._ways)) // 2 * 2
        self.room = min(self.room, max(fitting, LEAST_POINTS))
        points = max(self.room, self.points + self.points % 2)  # the caller halves it later
        values = np.full((points, len(self._ways)), np.nan, np.float32)
        kept = min(points, len(self._values))
        values[:kept, : len(self._ways) - count] = self._values[:kept]
        self._values = values

    def _merge(self, route: _Route, samples: Floats) -> None:
        numbers, point = route.numbers, self._values[self.points - 1]
        lowest, highest = np.fmin.reduce(samples), np.fmax.reduce(samples)
        self.least[numbers] = np.fmin(self.least[numbers], lowest)
        self.most[numbers] = np.fmax(self.most[numbers], highest)
        if route.way == _SMALLEST:
            point[numbers] = np.fmin(point[numbers], lowest)
        elif route.way == _LARGEST:
            point[numbers] = np.fmax(point[numbers], highest)
        elif route.way == _SUM:
            point[numbers] = _sum(np.concatenate([point[numbers][None], samples]))
        else:
            point[numbers] = self._mean_with(numbers, point[numbers], samples)

    def _mean_with(self, numbers: NDArray[np.intp], last: Floats, samples: Floats) -> Floats:
        """The mean of a point when samples come to it."""
        known = ~np.isnan(samples)
        before = self._weights[numbers]
        after = self._weights[numbers] = before + known.sum(axis=0)
        total = np.where(before > 0, last * before, 0) + samples.sum(
            axis=0, dtype=float, where=known
        )
        with np.errstate(invalid="ignore"):
            mean: Floats = (total / after).astype(np.float32)
        return mean


def _sum(samples: Floats) -> Floats:
    """Along the first axis; NaN only where all are."""
    unknown = np.isnan(samples).all(axis=0)
    total = np.nansum(samples, axis=0, dtype=float)
    return np.where(unknown, np.nan, total).astype(np.float32)


def _halved(pairs: Floats, ways: NDArray[np.int_]) -> Floats:
    """One point of each two, ``[which of the two, point, course]``."""
    left, right = pairs
    mean = np.where(np.isnan(left), right, np.where(np.isnan(right), left, (left + right) / 2))
    extreme = [np.fmin(left, right), np.fmax(left, right)]
    merged: Floats = np.choose(ways, [*extreme, _sum(pairs), mean])
    return merged
