"""One sample with its rows found by what they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import STATISTICS, Quantity, Row, Sample, Statistic
from dlmagic.magics.watch.verdicts.limits import Limits

Places = NDArray[np.intp]
"""Numbers of rows, ascending."""

Floats = NDArray[np.float64]

Key = tuple[str, Quantity, str]
"""A layer, what is measured of it, and a parameter's name."""

_PLACES = {statistic: place for place, statistic in enumerate(STATISTICS)}

_TABLES = ("embed", "lookup")
"""Of a table that is looked up in, a batch reaches only some rows."""


class Outline:
    """What the rows of samples are, which stays the same for many samples.

    Args:
        rows: The rows.
        limits: What counts as a weight depends on them.
        known: Numbers of all rows that there ever were; new ones are added.

    Attributes:
        numbers: By which its rows are found again, however the rows of samples change.
    """

    def __init__(self, rows: tuple[Row, ...], limits: Limits, known: dict[Key, int]) -> None:
        self.rows, self._limits = rows, limits
        keys = [(row.layer, row.quantity, row.parameter) for row in rows]
        self.numbers = np.array([known.setdefault(key, len(known)) for key in keys], np.intp)
        self._found: dict[tuple[Quantity, Callable[[Row], bool]], Places] = {}

    def where(self, quantity: Quantity, is_wanted: Callable[[Row], bool]) -> Places:
        """Rows of a quantity of which a function says yes; it is asked once of each."""
        key = quantity, is_wanted
        if key not in self._found:
            wanted = [row.quantity == quantity and is_wanted(row) for row in self.rows]
            self._found[key] = np.flatnonzero(wanted)
        return self._found[key]

    @cached_property
    def weight_of(self) -> Places:
        """For each row, that of the weight which it is about; -1 where it is about none."""
        weights = self.where("weight", self.is_weight)
        known = {(self.rows[at].layer, self.rows[at].parameter): at for at in weights}
        return np.array([known.get((row.layer, row.parameter), -1) for row in self.rows], np.intp)

    @cached_property
    def output_of(self) -> Places:
        """For each row, that of its layer's output; -1 where that is not measured."""
        outputs = self.where("activation", any_row)
        known = {self.rows[at].layer: at for at in outputs}
        return np.array([known.get(row.layer, -1) for row in self.rows], np.intp)

    def is_weight(self, row: Row) -> bool:
        """Neither a bias nor a factor of a normalisation, which start at zero or at one."""
        large = len(row.shape) > 1 and math.prod(row.shape) >= self._limits.least_values
        return large and not any(word in row.kind.lower() for word in _TABLES)


def any_row(_row: Row) -> bool:
    """Every row is wanted."""
    return True


class Table:
    """The rows of one sample.

    Args:
        sample: The sample.
        outline: What its rows are.
    """

    def __init__(self, sample: Sample, outline: Outline) -> None:
        self.sample, self.outline = sample, outline
        self.step = sample.step
        self._values = sample.values.astype(np.float64)

    def row(self, place: SupportsIndex) -> Row:
        """What is measured there."""
        return self.outline.rows[place]

    def numbers(self, places: Places) -> Places:
        """Numbers by which some rows are found again in other samples."""
        return self.outline.numbers[places]

    def layers(self, places: Places) -> list[str]:
        """The paths of the layers of some rows."""
        return [self.outline.rows[place].layer for place in places]

    def get(self, places: Places, statistic: Statistic) -> Floats:
        """One number of each of some rows."""
        found: Floats = self._values[places, _PLACES[statistic]]
        return found

    def one(self, place: SupportsIndex, statistic: Statistic) -> float:
        """One number of one row."""
        return float(self._values[place, _PLACES[statistic]])

    def of(self, quantity: Quantity) -> Places:
        """All rows of a quantity."""
        return self.outline.where(quantity, any_row)

    def of_weights(self, quantity: Quantity) -> Places:
        """Rows of a quantity that are of weights, in the model's order."""
        return self.outline.where(quantity, self.outline.is_weight)

    def ran(self, places: Places) -> NDArray[np.bool_]:
        """Whether the layers of some rows had an output in this step, as far as is known.

        An expert that got no token has a gradient that is zero, and nothing is wrong with it.
        """
        outputs = self.outline.output_of[places]
        found: NDArray[np.bool_] = (outputs < 0) | (self.get(outputs, "total") > 0)
        return found

    def root_mean_square(self, places: Places) -> Floats:
        """Of all values of each of some rows; NaN where there are none."""
        total = self.get(places, "total")
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(total > 0, self.get(places, "norm") / np.sqrt(total), np.nan)
        return found

    def ratios(self, updates: Places) -> Floats:
        """The norms of updates in norms of their weights; NaN where that cannot be told."""
        told, weights = self.get(updates, "ratio"), self.outline.weight_of[updates]
        norm = np.where(weights >= 0, self.get(weights, "norm"), np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(
                np.isnan(told) & (norm > 0), self.get(updates, "norm") / norm, told
            )
        return found
