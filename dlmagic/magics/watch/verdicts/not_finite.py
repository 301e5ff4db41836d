"""Values that are not finite, where no watcher has told who made them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from dlmagic.magics.watch.sample_result import Quantity
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Table

_LEARNED: tuple[Quantity, ...] = ("gradient", "weight", "update")
"""Outputs may hold the infinities of a mask."""
_ADVICE = "Watch with --stop-on nan, so that the run ends there with the model as it is."

_ADVICE_ON_LOSS = (
    "Look at the loss: a mean over nothing, labels that are all ignored, a logarithm of zero; and "
    "see that it is this number whose gradients train the model."
)


class NotFinite:
    """Waits a little for the watcher to name the culprit, which it can do two steps later."""

    def __init__(self) -> None:
        self._seen = 0
        self._waiting: Symptom | None = None
        self.is_told = False

    @property
    def waiting(self) -> Symptom | None:
        """What has been seen since values were last finite, and nobody has told of."""
        return None if self.is_told else self._waiting

    def look(self, table: Table) -> Iterator[Symptom]:
        """The first layer with such values, should nobody have told of them."""
        first = _first(table)
        if first is None:
            self._waiting = None
        if first is None or self.is_told:
            return
        self._seen += 1
        says = partial(_says, table, first)
        layers = [table.row(first).layer]
        symptom = Symptom("not-finite", "error", layers, table.step, says, _ADVICE)
        self._waiting = self._waiting or symptom
        if self._seen == 3:
            yield symptom


def is_sound(table: Table) -> bool:
    """Whether a training goes on as usual: all values are finite, and it learns from them."""
    gradients = table.get(table.of("gradient"), "norm")
    learns = not len(gradients) or bool((gradients > 0).any())
    outputs = table.get(table.of("activation"), "nan")
    return learns and _first(table) is None and not (outputs > 0).any()


def loss_not_finite(name: str, step: int, value: float) -> Symptom:
    """A loss that is not finite, where nobody has told of gradients that are not.

    A mean over nothing is NaN, and its gradients are zeros.
    """
    what = "NaN" if math.isnan(value) else "infinite"
    said = f"{name} is {what}, although no gradient was seen to be."
    return Symptom("not-finite", "error", (), step, lambda: said, _ADVICE_ON_LOSS)


def _first(table: Table) -> int | None:
    for quantity in _LEARNED:
        places = table.of(quantity)
        are_bad = (table.get(places, "nan") > 0) | (table.get(places, "inf") > 0)
        if are_bad.any():
            return int(places[np.argmax(are_bad)])
    return None


def _says(table: Table, place: int) -> str:
    row = table.row(place)
    return (
        f"the {row.quantity} of {row.parameter} in {named(row)} is not finite: "
        f"{table.one(place, 'nan'):,.0f} NaN and {table.one(place, 'inf'):,.0f} Inf among "
        f"{table.one(place, 'seen'):,.0f} values (limit 0)."
    )
