"""What was measured of a model so far: the newest of everything, and thinned courses."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.courses import Courses
from dlmagic.magics.watch.sample_result import STATISTICS, Row, Sample, Statistic

MOST_LOSSES = 480
"""Losses that are kept; of more, two become one."""


class History:
    """What was measured so far, in memory of a fixed size; any thread may ask.

    Args:
        layers: Paths of the model's layers, in its order.
    """

    def __init__(self, layers: Sequence[str] = ()) -> None:
        self._lock = threading.RLock()
        self._place_of_layer = {name: place for place, name in enumerate(layers)}
        self._courses = Courses()
        self._rows: list[Row] = []
        self._place_of_row: dict[tuple[str, str, str], int] = {}
        self._known: tuple[tuple[Row, ...], NDArray[np.intp]] = ((), np.zeros(0, np.intp))
        self._newest: NDArray[np.float32] = np.zeros((0, len(STATISTICS)), np.float32)
        self._calls: NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._measured_at: NDArray[np.int64] = np.zeros(0, np.int64)  # step, by row
        self._starts: list[int] = []
        self._each = 1  # samples of one point
        self.samples = 0
        """How many there were."""
        self.last = 0
        """The step of the newest."""
        self.exact = False
        """Whether it was of all values."""
        self._losses = _Losses()

    def add(self, samples: Sequence[Sample]) -> None:
        """Add samples, oldest first."""
        with self._lock:
            for rows, group in groupby(samples, key=lambda sample: sample.rows):
                self._add_group(rows, list(group))

    def add_losses(self, losses: Sequence[tuple[int, float]]) -> None:
        """Add steps and losses, oldest first."""
        with self._lock:
            for step, loss in losses:
                self._losses.add(step, loss)

    @property
    def steps(self) -> NDArray[np.int64]:
        """Where each point begins, ascending."""
        with self._lock:
            return np.array(self._starts, np.int64)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All that was ever measured, in the model's order."""
        with self._lock:
            return tuple(self._rows[place] for place in self._order())

    @property
    def present(self) -> tuple[Row, ...]:
        """What the newest sample was of."""
        return self._known[0]

    @property
    def losses(self) -> tuple[tuple[int, float], ...]:
        """Steps and losses that are kept, ascending."""
        with self._lock:
            return tuple(zip(self._losses.steps, self._losses.values, strict=True))

    def matrix(self, statistic: Statistic) -> NDArray[np.float32]:
        """One statistic of all rows, ``[row, point]``; NaN where it has not been measured."""
        with self._lock:
            return self._courses.matrix(statistic)[self._order()]

    def courses(self) -> NDArray[np.float32]:
        """All statistics of all rows, ``[row, statistic, point]``."""
        with self._lock:
            return np.stack([self.matrix(each) for each in STATISTICS], axis=1)

    @contextmanager
    def still(self) -> Iterator[None]:
        """A block in which nothing is added, so that what is asked in it belongs together."""
        with self._lock:
            yield

    def newest(self) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        """The last sample of each row, ``[row, statistic]``, and how often its layer ran."""
        with self._lock:
            order = self._order()
            return self._newest[order], self._calls[order]

    def newest_steps(self) -> NDArray[np.int64]:
        """The step of the last sample of each row, ``[row]``: a row need not be in each."""
        with self._lock:
            return self._measured_at[self._order()]

    def extremes(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The smallest and the largest of all samples, ``[row, statistic]`` each."""
        with self._lock:
            least, most = self._courses.extremes()
            order = self._order()
            return least[order], most[order]

    def _add_group(self, rows: tuple[Row, ...], samples: list[Sample]) -> None:
        places = self._places(rows)
        for group in self._points(samples):
            new_point = self.samples % self._each == 0
            if new_point:
                self._starts.append(group[0].step)
            values = np.stack([sample.values for sample in group])
            self._courses.add(places, values, new_point=new_point)
            self.samples += len(group)
            self.last, self.exact = group[-1].step, group[-1].exact
            self._newest[places] = group[-1].values
            self._calls[places] = group[-1].calls
            self._measured_at[places] = group[-1].step
            while len(self._starts) >= self._courses.room and self.samples % self._each == 0:
                self._halve()

    def _points(self, samples: list[Sample]) -> Iterator[list[Sample]]:
        """The samples of one point after another; the last may be unfinished."""
        while samples:
            count = self._each - self.samples % self._each
            yield samples[:count]
            samples = samples[count:]

    def _halve(self) -> None:
        if len(self._starts) % 2:
            return  # with the next point it is even
        self._courses.halve()
        self._starts = self._starts[::2]
        self._each *= 2

    def _places(self, rows: tuple[Row, ...]) -> NDArray[np.intp]:
        """Where the rows of a sample are kept."""
        if rows is self._known[0]:
            return self._known[1]
        keys = [(row.layer, row.quantity, row.parameter) for row in rows]
        new = dict(zip(keys, rows, strict=True))
        for key, row in new.items():
            if key in self._place_of_row:
                self._rows[self._place_of_row[key]] = row
        self._add_rows({key: row for key, row in new.items() if key not in self._place_of_row})
        self._known = rows, np.array([self._place_of_row[key] for key in keys], np.intp)
        return self._known[1]

    def _add_rows(self, new: Mapping[tuple[str, str, str], Row]) -> None:
        for key, row in new.items():
            self._place_of_row[key] = len(self._rows)
            self._rows.append(row)
        self._courses.add_rows(tuple(new.values()))
        unknown = np.full((len(new), len(STATISTICS)), np.nan, np.float32)
        self._newest = np.vstack([self._newest, unknown])
        self._calls = np.concatenate([self._calls, np.zeros(len(new), np.uint32)])
        self._measured_at = np.concatenate([self._measured_at, np.zeros(len(new), np.int64)])

    def _order(self) -> list[int]:
        """The rows in the model's order; those of one layer as they arrived."""
        last = len(self._place_of_layer)
        places = (self._place_of_layer.get(row.layer, last) for row in self._rows)
        return [place for _, place in sorted((at, place) for place, at in enumerate(places))]


@dataclass
class _Losses:
    """Losses in memory of a fixed size; one that is not a number stays so."""

    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    each: int = 1
    count: int = 0

    def add(self, step: int, value: float) -> None:
        inside = self.count % self.each
        if inside:
            self.values[-1] += (value - self.values[-1]) / (inside + 1)
        else:
            self.steps.append(step)
            self.values.append(value)
        self.count += 1
        if len(self.steps) == MOST_LOSSES and self.count % self.each == 0:
            self.steps = self.steps[::2]
            pairs = zip(self.values[::2], self.values[1::2], strict=True)
            self.values = [(left + right) / 2 for left, right in pairs]
            self.each *= 2
