"""One sample with its rows found by what they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from dlmagic.magics.watch.sample_result import STATISTICS, Quantity, Row, Sample, Statistic
from dlmagic.magics.watch.verdicts.limits import Limits

_PLACES = {statistic: place for place, statistic in enumerate(STATISTICS)}

_TABLES = ("embed", "lookup")
"""Of a table that is looked up in, a batch reaches only some rows."""


@dataclass(frozen=True)
class Line:
    """One row of a sample.

    Attributes:
        table: All of them.
        index: Its place there.
    """

    table: Table
    index: int

    @property
    def row(self) -> Row:
        """What is measured."""
        return self.table.sample.rows[self.index]

    @property
    def key(self) -> tuple[str, str]:
        """By which it is found again in the next sample."""
        return self.table.outline.keys[self.index]

    def get(self, statistic: Statistic) -> float:
        """One number of it."""
        return self.table.numbers[self.index][_PLACES[statistic]]

    @property
    def root_mean_square(self) -> float:
        """Of all its values."""
        total = self.get("total")
        return self.get("norm") / math.sqrt(total) if total > 0 else math.nan


class Outline:
    """What the rows of samples are, which stays the same for many samples.

    Args:
        rows: The rows.
        limits: What counts as a weight depends on them.

    Attributes:
        keys: Layer and parameter of each.
    """

    def __init__(self, rows: tuple[Row, ...], limits: Limits) -> None:
        self.rows, self._limits = rows, limits
        self.keys = [(row.layer, row.parameter) for row in rows]
        self._places: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            self._places.setdefault(row.quantity, []).append(place)
        self._are_weights = [self._is_weight(row) for row in rows]

    def of(self, quantity: Quantity, *, weights: bool = False) -> list[int]:
        """Places of all rows of a quantity, or of those that are of weights."""
        places = self._places.get(quantity, [])
        return [each for each in places if self._are_weights[each]] if weights else places

    def _is_weight(self, row: Row) -> bool:
        """Neither a bias nor a factor of a normalisation, which start at zero or at one."""
        large = len(row.shape) > 1 and math.prod(row.shape) >= self._limits.least_values
        return large and not any(word in row.kind.lower() for word in _TABLES)


class Table:
    """The rows of one sample.

    Args:
        sample: The sample.
        outline: What its rows are.
    """

    def __init__(self, sample: Sample, outline: Outline) -> None:
        self.sample, self.outline = sample, outline
        self.step = sample.step
        self.numbers: list[list[float]] = sample.values.tolist()
        """``[row, statistic]``; as lists, because they are asked for one by one."""

    @cached_property
    def gradients(self) -> list[Line]:
        """Those of weights, in the model's order."""
        return [Line(self, place) for place in self.outline.of("gradient", weights=True)]

    @cached_property
    def weights(self) -> dict[tuple[str, str], Line]:
        """The weights, by layer and name."""
        places = self.outline.of("weight", weights=True)
        return {self.outline.keys[place]: Line(self, place) for place in places}

    @cached_property
    def updates(self) -> list[Line]:
        """By how much the weights have changed, in the model's order."""
        return [Line(self, place) for place in self.outline.of("update", weights=True)]

    @cached_property
    def activations(self) -> list[Line]:
        """Outputs of layers."""
        return list(self.of("activation"))

    def of(self, quantity: Quantity) -> Iterator[Line]:
        """All rows of a quantity."""
        return (Line(self, place) for place in self.outline.of(quantity))

    def ratio_of(self, update: Line) -> float:
        """The norm of an update in norms of its weight; NaN where that cannot be told."""
        told = update.get("ratio")
        weight = self.weights.get(update.key)
        if not math.isnan(told) or weight is None or not weight.get("norm") > 0:
            return told
        return update.get("norm") / weight.get("norm")
