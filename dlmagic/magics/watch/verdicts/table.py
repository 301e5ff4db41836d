"""One sample with its rows found by what they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from dlmagic.magics.watch.sample_result import Quantity, Row, Sample, Statistic
from dlmagic.magics.watch.verdicts.limits import Limits

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
        return self.row.layer, self.row.parameter

    def get(self, statistic: Statistic) -> float:
        """One number of it."""
        return float(self.table.sample.column(statistic)[self.index])

    @property
    def root_mean_square(self) -> float:
        """Of all its values."""
        total = self.get("total")
        return self.get("norm") / math.sqrt(total) if total > 0 else math.nan


class Table:
    """The rows of one sample.

    Args:
        sample: The sample.
        limits: What counts as a weight depends on them.
    """

    def __init__(self, sample: Sample, limits: Limits) -> None:
        self.sample = sample
        self.step = sample.step
        self._limits = limits

    @cached_property
    def gradients(self) -> list[Line]:
        """Those of weights, in the model's order."""
        return [line for line in self.of("gradient") if self._is_weight(line.row)]

    @cached_property
    def weights(self) -> dict[tuple[str, str], Line]:
        """The weights, by layer and name."""
        return {line.key: line for line in self.of("weight") if self._is_weight(line.row)}

    @cached_property
    def updates(self) -> list[Line]:
        """By how much the weights have changed, in the model's order."""
        return [line for line in self.of("update") if self._is_weight(line.row)]

    @cached_property
    def activations(self) -> list[Line]:
        """Outputs of layers."""
        return list(self.of("activation"))

    def of(self, quantity: Quantity) -> Iterator[Line]:
        """All rows of a quantity."""
        rows = enumerate(self.sample.rows)
        return (Line(self, index) for index, row in rows if row.quantity == quantity)

    def ratio_of(self, update: Line) -> float:
        """The norm of an update in norms of its weight; NaN where that cannot be told."""
        told = update.get("ratio")
        weight = self.weights.get(update.key)
        if not math.isnan(told) or weight is None or not weight.get("norm") > 0:
            return told
        return update.get("norm") / weight.get("norm")

    def _is_weight(self, row: Row) -> bool:
        """Neither a bias nor a factor of a normalisation, which start at zero or at one."""
        large = len(row.shape) > 1 and math.prod(row.shape) >= self._limits.least_values
        return large and not any(word in row.kind.lower() for word in _TABLES)
