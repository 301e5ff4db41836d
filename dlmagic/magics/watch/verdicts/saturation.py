"""Outputs of tanh and sigmoid that are at the ends of their range, where the slope is zero."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from dlmagic.display.units import percent
from dlmagic.magics.watch.sample_result import EDGES, Row
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streaks
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Floats, Places, Table

_TANH = frozenset({"tanh", "rnn", "rnncell"})
_SIGMOID = frozenset({"sigmoid"})
_LOW, _END_OF_TANH = 2.0**-6, 0.97
_SPREAD, _CLOSE = 0.55, 0.8
"""Mean square of values between a half and one: evenly spread, or most of them close to one."""
_SURELY = 0.4
"""Share that must be left if those that are not saturated are close to it."""
_ADVICE = (
    "Try smaller initial weights (Xavier), normalisation before the activation, inputs of about "
    "unit size, or a smaller learning rate."
)

_INNER = np.concatenate([[EDGES[0]], EDGES, [EDGES[-1]]])
_SIZES: Floats = np.abs(_INNER[:-1] + _INNER[1:]) / 2
"""The magnitude in the middle of each bin."""

_IS_UPPER, _IS_LOW = _SIZES > 0.5, _SIZES < _LOW


class Saturation:
    """Looks at hidden layers: an output layer is saturated where the model is sure."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streaks = Streaks(limits)

    def look(self, table: Table) -> Iterator[Symptom]:
        """Layers most of whose outputs are saturated."""
        gradients = table.of_weights("gradient")
        if not len(gradients):
            return
        places = table.outline.where("activation", _is_bounded)
        last = table.row(gradients[-1]).layer
        inner = [table.row(place).layer != last for place in places]
        places = places[(places <= gradients[-1]) & np.array(inner, bool)]
        if not len(places):
            return
        shares = saturated(table, places)
        surely = saturated(table, places, _CLOSE) > _SURELY
        are_so = (shares > self._limits.saturated) & surely
        lasting = self._streaks.lasting(table, places, are_so)
        if lasting.any():
            yield self._symptom(table, places[lasting], shares[lasting])

    def _symptom(self, table: Table, places: Places, shares: Floats) -> Symptom:
        says = partial(self._says, table.row(places[0]), float(shares[0]))
        return Symptom(
            "saturation", "warning", table.layers(places), table.step, says, _ADVICE, lasts=True
        )

    def _says(self, row: Row, share: float) -> str:
        return (
            f"about {percent(share)} of the outputs of {named(row)} are saturated, "
            f"so that hardly any gradient passes (limit {percent(self._limits.saturated)})."
        )


def saturated(table: Table, places: Places, spread: float = _SPREAD) -> Floats:
    """About which share of outputs lies within the last 1.5 % of the range, at either end.

    The widest bin of the histogram reaches from a half to one: how close to one its values are
    follows from the mean square of all.

    Args:
        table: The sample.
        places: Rows of outputs of tanh and sigmoid.
        spread: Mean square of the values in that bin that are not saturated.
    """
    counts = table.sample.histograms[places].astype(np.float64)
    counts /= np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    upper = counts[:, _IS_UPPER].sum(axis=1)
    rest = (counts * _SIZES**2)[:, ~_IS_UPPER].sum(axis=1)
    square = table.get(places, "mean") ** 2 + table.get(places, "std") ** 2 - rest
    square = np.divide(square, upper, out=np.zeros(len(places)), where=upper > 0)
    low, high = table.get(places, "min"), table.get(places, "max")
    are_tanh = np.isin(places, table.outline.where("activation", _is_tanh), assume_unique=True)
    tanh = upper * _beyond(square, spread, 0.98) * (np.maximum(high, -low) >= _END_OF_TANH)
    above = upper * _beyond(square, spread, 0.985) * (high >= 1 - _LOW)
    found = np.where(are_tanh, tanh, counts[:, _IS_LOW].sum(axis=1) + above)
    inside = (high <= 1) & np.where(are_tanh, (low >= -1) & (low < 0), low >= 0)
    return np.where(inside, found, 0.0)


def _beyond(squares: Floats, spread: float, saturated: float) -> Floats:
    """The saturated share of two groups, from the mean square of each and of both together."""
    return np.nan_to_num(np.clip((squares - spread) / (saturated - spread), 0.0, 1.0))


def _is_bounded(row: Row) -> bool:
    return _is_tanh(row) or not _SIGMOID.isdisjoint(_functions(row))


def _is_tanh(row: Row) -> bool:
    return not _TANH.isdisjoint(_functions(row))


def _functions(row: Row) -> tuple[str, str]:
    """What a layer is, and what it ends with."""
    return row.kind.lower(), row.activation
