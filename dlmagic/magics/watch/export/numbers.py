"""What is written of a sample, and what it is called.

A number is called ``dlmagic-QUANTITY-STATISTIC/LAYER.PARAMETER`` and a histogram
``dlmagic-QUANTITY/LAYER.PARAMETER``. Both programs make a section of all that has the same text
before the stroke: the norms of all gradients stand in one section, layer by layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.export.bins import Histogram, histogram_of
from dlmagic.magics.watch.sample_result import STATISTICS, Row, Sample, Statistic

PREFIX = "dlmagic"
STEP, LOSS = f"{PREFIX}/step", f"{PREFIX}/loss"

ALL: tuple[Statistic, ...] = tuple(each for each in STATISTICS if each not in ("seen", "total"))
"""How many values there are and were seen stays the same: it is not written at every step."""

MAIN: tuple[Statistic, ...] = ("norm", "dead", "nan", "inf", "ratio")
COUNTS = ("nan", "inf")
"""Written where they are not zero, so that healthy layers have no empty charts."""

MANY = 10_000
"""So many charts are too many for a page of either program."""


@dataclass(frozen=True)
class Written:
    """All numbers of one step, by their names.

    Attributes:
        step: The step of the optimiser, from 1.
        scalars: What was measured.
        histograms: Where the values lie.
    """

    step: int
    scalars: dict[str, float]
    histograms: dict[str, Histogram]


class Numbers:
    """Names the numbers of samples; the names of rows that stay the same are made once."""

    def __init__(self) -> None:
        self._rows: tuple[Row, ...] | None = None
        self._statistics: tuple[Statistic, ...] = ALL
        self._labels: list[str] = []
        self._note = ""

    def of(self, sample: Sample) -> Written:
        """What is to be written."""
        if sample.rows is not self._rows:
            self._begin(sample)
        return Written(sample.step, self._scalars(sample), self._histograms(sample))

    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return (self._note,) if self._note else ()

    def _begin(self, sample: Sample) -> None:
        self._rows = sample.rows
        self._labels = [label(row) for row in sample.rows]
        charts = int(np.count_nonzero(_worth_writing(sample, ALL))) + len(sample.rows)
        self._statistics = MAIN if charts > MANY else ALL
        if charts > MANY:
            self._note = (
                f"There are {charts:,} numbers a step, too many for a page of charts: of the "
                f"statistics only {', '.join(MAIN)} are written; --layers chooses layers."
            )

    def _scalars(self, sample: Sample) -> dict[str, float]:
        worth = _worth_writing(sample, self._statistics)
        found = {}
        for statistic, chosen in zip(self._statistics, worth.T, strict=True):
            column = sample.column(statistic).tolist()
            for k in np.flatnonzero(chosen).tolist():
                quantity = sample.rows[k].quantity
                found[f"{PREFIX}-{quantity}-{statistic}/{self._labels[k]}"] = column[k]
        return found

    def _histograms(self, sample: Sample) -> dict[str, Histogram]:
        names: tuple[Statistic, ...] = ("min", "max", "mean", "std")
        columns = [sample.column(name).tolist() for name in names]
        found = {}
        for row, text, counts, low, high, mean, std in zip(
            sample.rows, self._labels, sample.histograms, *columns, strict=True
        ):
            histogram = histogram_of(counts, low=low, high=high, mean=mean, std=std)
            if histogram is not None:
                found[f"{PREFIX}-{row.quantity}/{text}"] = histogram
        return found


def label(row: Row) -> str:
    """A row's layer and parameter; the model itself is called by its class, in brackets."""
    return ".".join(filter(None, (row.layer, row.parameter))) or f"({row.kind})"


def _worth_writing(sample: Sample, statistics: tuple[Statistic, ...]) -> NDArray[np.bool_]:
    """Which were measured, ``[row, statistic]``; of counts, which are not zero."""
    values = sample.values[:, [STATISTICS.index(each) for each in statistics]]
    counts = np.array([each in COUNTS for each in statistics])
    return np.asarray(~np.isnan(values) & ~(counts & (values == 0)))
