"""What the map shows of a layer: a few numbers a step, made from all that was measured of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import STATISTICS, Quantity, Row, Statistic

_numbers = count()

Floats = NDArray[np.float32]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Measure:
    """A number of a layer.

    Attributes:
        title: What it is called.
        scale: How it is coloured: ``"log"`` by order of magnitude, ``"around"`` likewise on both
            sides of a good value, ``"share"`` from none to all, ``"count"`` whether there is any.
    """

    title: str
    scale: str


MEASURES = (
    Measure("gradient norm", "log"),
    Measure("output gradient norm", "log"),
    Measure("activation std", "log"),
    Measure("update ratio", "around"),
    Measure("zeros", "share"),
    Measure("dead units", "share"),
    Measure("NaN and Inf", "count"),
)
BROKEN = len(MEASURES) - 1

_STATISTICS_NEEDED: tuple[Statistic, ...] = ("norm", "std", "zeros", "dead", "nan", "inf")
_AT = {name: STATISTICS.index(name) for name in _STATISTICS_NEEDED}


class Condenser:
    """Makes the measures of layers from rows.

    Args:
        rows: What the values are of.
        layers: The paths of all layers of the model, in its order.

    Attributes:
        rows: The rows.
        number: Of this choice of layers; no other has it.
        layers: Which layers, as places among all; the order of the measures.
    """

    def __init__(self, rows: tuple[Row, ...], layers: Sequence[str]) -> None:
        self.rows, self.number = rows, next(_numbers)
        number = {name: k for k, name in enumerate(layers)}
        found = sorted({number[row.layer] for row in rows if row.layer in number})
        self.layers: NDArray[np.uint16] = np.asarray(found, np.uint16)
        self._place = {layers[k]: place for place, k in enumerate(found)}
        self._all = self._rows_of(*(row.quantity for row in rows))
        self._gradients = self._rows_of("gradient")
        self._signals = self._rows_of("activation-gradient")
        self._outputs = self._rows_of("activation")
        self._updates = self._rows_of("update")
        self._weights = self._rows_of("weight")

    def condense(self, values: Floats) -> Floats:
        """Of each column, ``[column, measure, layer]``; NaN where something is not known.

        Args:
            values: ``[row, statistic, column]``.
        """
        columns = {name: values[:, at] for name, at in _AT.items()}
        with np.errstate(all="ignore"):
            squares = np.square(columns["norm"], dtype=np.float64)
            weights = self._sum(squares, self._weights)
            updates = self._sum(squares, self._updates) / np.where(weights > 0, weights, np.nan)
            measured = (
                np.sqrt(self._sum(squares, self._gradients)),
                np.sqrt(self._sum(squares, self._signals)),
                self._last(columns["std"], self._outputs),
                np.sqrt(updates),
                self._last(columns["zeros"], self._outputs),
                self._last(columns["dead"], self._outputs),
                self._sum(columns["nan"] + columns["inf"], self._all),
            )
        return np.stack(measured).astype(np.float32).transpose(2, 0, 1)

    def _rows_of(self, *quantities: Quantity) -> tuple[Places, Places]:
        """Rows of these quantities, and the places of their layers."""
        found = [
            (k, self._place[row.layer])
            for k, row in enumerate(self.rows)
            if row.quantity in quantities and row.layer in self._place
        ]
        rows, places = np.asarray(found, np.intp).reshape(-1, 2).T
        return rows, places

    def _sum(
        self, values: NDArray[np.floating[Any]], found: tuple[Places, Places]
    ) -> NDArray[np.float64]:
        """What is known, added up layer by layer."""
        rows, places = found
        shape = (len(self.layers), values.shape[1])
        sums, known = np.zeros(shape, np.float64), np.zeros(shape, bool)
        chosen = values[rows]
        np.add.at(sums, places, np.where(np.isnan(chosen), 0, chosen))
        np.logical_or.at(known, places, ~np.isnan(chosen))
        sums[~known] = np.nan
        return sums

    def _last(self, values: Floats, found: tuple[Places, Places]) -> Floats:
        rows, places = found
        taken = np.full((len(self.layers), values.shape[1]), np.nan, np.float32)
        taken[places] = values[rows]
        return taken


def merged(columns: Floats, most: int) -> tuple[Floats, Places]:
    """At most so many columns, each the mean of neighbours; and which is the last of each.

    Values that are not finite are counted where there are most, so that none is lost.
    """
    had = len(columns)
    ends = np.unique(np.linspace(0, had, min(most, had) + 1).round().astype(np.intp))
    groups = [columns[begin:end] for begin, end in pairwise(ends)]
    return np.stack([_mean(group) for group in groups]), ends[1:] - 1


def _mean(group: Floats) -> Floats:
    known = ~np.isnan(group)
    with np.errstate(all="ignore"):
        mean: Floats = (np.where(known, group, 0).sum(0) / known.sum(0)).astype(np.float32)
    mean[BROKEN] = np.fmax.reduce(group[:, BROKEN])
    return mean
