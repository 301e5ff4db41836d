"""Outputs of tanh and sigmoid that are at the ends of their range, where the slope is zero."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dlmagic.display.units import percent
from dlmagic.magics.watch.sample_result import EDGES
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streaks
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Line, Table

_TANH = ("tanh", "rnn", "rnncell")
_SIGMOID = ("sigmoid",)
_LOW = 2.0**-6
_ADVICE = (
    "Try smaller initial weights (Xavier), normalisation before the activation, inputs of about "
    "unit size, or a smaller learning rate."
)

_INNER = np.concatenate([[EDGES[0]], EDGES, [EDGES[-1]]])
_SIZES: NDArray[np.float64] = np.abs(_INNER[:-1] + _INNER[1:]) / 2
"""The magnitude in the middle of each bin."""


class Saturation:
    """Looks at hidden layers: an output layer is saturated where the model is sure."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streaks = Streaks()

    def look(self, table: Table) -> Iterator[Symptom]:
        """Layers most of whose outputs are saturated."""
        last = max((line.index for line in table.gradients), default=-1)
        for line in table.activations:
            if line.index > last:
                continue
            share = saturated(line)
            streak = self._streaks.count(line.key, share > self._limits.saturated)
            if streak >= self._limits.patience and table.step > self._limits.first_steps:
                yield self._symptom(line, share)

    def _symptom(self, line: Line, share: float) -> Symptom:
        row = line.row
        return Symptom(
            "saturation",
            "warning",
            row.layer,
            row.kind,
            line.table.step,
            f"about {percent(share)} of the outputs of {named(row.layer, row.kind)} are saturated, "
            f"so that hardly any gradient passes (limit {percent(self._limits.saturated)}).",
            "are saturated, too",
            _ADVICE,
        )


def saturated(line: Line) -> float:
    """About which share of outputs lies within the last 1.5 % of the range, at either end.

    The widest bin of the histogram reaches from a half to one: how close to one its values are
    follows from the mean square of all.
    """
    kind = line.row.kind.lower()
    low, high = line.get("min"), line.get("max")
    if kind in _TANH and -1 <= low < 0 and high <= 1:
        return _of_tanh(line)
    return _of_sigmoid(line) if kind in _SIGMOID and low >= 0 and high <= 1 else 0.0


def _of_tanh(line: Line) -> float:
    upper, size = _upper_bins(line)
    return upper * _beyond(size, 0.55, 0.98)


def _of_sigmoid(line: Line) -> float:
    counts = _counts(line)
    below = float(counts[_SIZES < _LOW].sum()) / max(float(counts.sum()), 1.0)
    upper, size = _upper_bins(line)
    return below + upper * _beyond(size, 0.55, 0.985)


def _upper_bins(line: Line) -> tuple[float, float]:
    """The share of values of at least a half, and their mean square."""
    counts = _counts(line)
    seen = max(float(counts.sum()), 1.0)
    is_upper = _SIZES > 0.5
    share = float(counts[is_upper].sum()) / seen
    rest = float((counts * _SIZES**2)[~is_upper].sum()) / seen
    square = line.get("mean") ** 2 + line.get("std") ** 2
    return share, (square - rest) / share if share else 0.0


def _beyond(square: float, spread: float, saturated: float) -> float:
    """The saturated share of two groups, from the mean square of each and of both together."""
    if math.isnan(square):
        return 0.0
    return min(max((square - spread) / (saturated - spread), 0.0), 1.0)


def _counts(line: Line) -> NDArray[np.float64]:
    counts: NDArray[np.float64] = line.table.sample.histograms[line.index].astype(np.float64)
    return counts
