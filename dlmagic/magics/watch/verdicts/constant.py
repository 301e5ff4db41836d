"""Outputs that are one number whatever goes in: of a layer that normalises over one value.

A value less its own mean is zero, and a share of itself is one. So nothing gets through, neither
forward nor backward, and what comes before learns nothing; the rounding errors that come back hide
that its gradients should be zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import Row
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streaks
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Floats, Places, Table

_SHARES = {"softmax": 1.0, "logsoftmax": 0.0}
"""What one value is of itself, or the logarithm of that."""
_SAMPLES = 2  # it is certain, but for a batch of zeros
_ADVICE = (
    "Leave it out, or put it before the layer that makes one value of many; for the probability "
    "of one class use a sigmoid."
)
_ADVICE_ON_GROUPS = (
    "Take fewer groups, so that each has several channels, or normalise over all of them "
    "(LayerNorm)."
)


class Constant:
    """Looks at layers that normalise, of whose outputs all are equal."""

    def __init__(self, limits: Limits) -> None:
        self._streaks = Streaks(limits)

    def look(self, table: Table) -> Iterator[Symptom]:
        """Layers that normalise over one value."""
        places = table.outline.where("activation", _normalises)
        low, high = table.get(places, "min"), table.get(places, "max")
        are_one = np.array([_is_group_of_one(table.row(place)) for place in places], bool)
        are_so = (
            ((low == high) | are_one) & (table.get(places, "total") > 1) & _fit(table, places, low)
        )
        lasting = self._streaks.counts(table, places, are_so) >= _SAMPLES
        if lasting.any():
            yield self._symptom(table, places[lasting], low[lasting])

    def _symptom(self, table: Table, places: Places, values: Floats) -> Symptom:
        row = table.row(places[0])
        says = partial(_says, row, float(values[0]))
        advice = _ADVICE_ON_GROUPS if row.groups > 1 else _ADVICE
        return Symptom(
            "constant-output",
            "warning",
            table.layers(places),
            table.step,
            says,
            advice,
            lasts=True,
        )


def _normalises(row: Row) -> bool:
    kind = row.kind.lower()
    if _is_group_of_one(row):
        return True
    return kind in _SHARES or ("layernorm" in kind and row.shape[-1:] == (1,))


def _is_group_of_one(row: Row) -> bool:
    """Whether a layer normalises groups, each of which is one value of an example.

    What it makes of that differs by rounding errors alone, and from channel to channel by what is
    added to them.
    """
    is_of_groups = "groupnorm" in row.kind.lower() and len(row.shape) > 1
    return is_of_groups and math.prod(row.shape[1:]) == max(row.groups, 1)


def _fit(table: Table, places: Places, values: Floats) -> NDArray[np.bool_]:
    """Whether these are the values of a softmax, where it is one."""
    shares = [_SHARES.get(table.row(place).kind.lower()) for place in places]
    pairs = zip(shares, values, strict=True)
    return np.array([share in (None, value) for share, value in pairs], bool)


def _says(row: Row, value: float) -> str:
    if row.groups > 1:
        return (
            f"the outputs of {named(row)} are the same for all examples, whatever goes in: each of "
            f"its {row.groups} groups is one value, so that nothing before it can learn through it."
        )
    return (
        f"all outputs of {named(row)} are {value:.3g}, whatever goes in: it normalises over one "
        "value, so that nothing before it can learn through it."
    )
