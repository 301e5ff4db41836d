"""Gradients that get lost on their way back to the first layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from dlmagic.display.units import tiny
from dlmagic.magics.watch.sample_result import Row
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streak, Streaks
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Floats, Places, Table

_ADVICE = (
    "Try ReLU or GELU in place of sigmoid and tanh, normalisation between the layers, "
    "connections that skip layers, or initial weights that fit the activation (Kaiming, Xavier)."
)
_ADVICE_ON_ALL = (
    "Look at how the loss is scaled, at initial weights that are close to zero, and at outputs "
    "that are saturated from the start."
)
_ADVICE_ON_NOTHING = (
    "See that the loss depends on what the layers compute, and that it is a number (--loss NAME "
    "tells): a mean over nothing, as where all labels are ignored, is NaN, its gradients are zero."
)
_ADVICE_ON_WEIGHTS = (
    "Look at initial weights that are close to zero, and at outputs that are saturated, or zero "
    "throughout as of ReLU, from the start."
)
_ADVICE_ON_SCORES = (
    "Queries and keys get hardly any gradient, at whatever depth, while the scores of attention "
    "are all alike, as at the beginning with small initial weights, or while one of them outweighs "
    "the others: look at the scale of the scores if it stays so. Adam trains them nevertheless."
)
_SCORING = re.compile(r"(^|[./])(query|key|[qk]|to_[qk]|w[qk]|[qk]_(proj|lin))$", re.IGNORECASE)
"""Paths of layers whose products are scores of attention."""


class Vanishing:
    """Compares the layers among each other: at the end of a good run, all gradients are small."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lost, self._nothing = Streaks(limits), Streak()
        self._ever_larger, self._biases_learn = False, False

    def look(self, table: Table) -> Iterator[Symptom]:
        """Layers whose gradients are lost."""
        places = table.of_weights("gradient")
        sizes = table.root_mean_square(places)
        known = np.isfinite(sizes) & table.ran(places)
        places, sizes = places[known], sizes[known]
        if not len(places):
            return
        limits, last, end = self._limits, table.row(places[-1]), float(sizes[-1])
        self._note_larger(table)
        zero = (sizes == 0) & (end > limits.gradient)
        least = min(limits.gradient_ratio * end, limits.gradient_of_use)
        lost = zero | ((sizes > 0) & (sizes < least))
        lasting = np.flatnonzero(self._lost.lasting(table, places, lost))
        if len(lasting):
            scoring = np.array([_is_scoring(table.row(place)) for place in places[lasting]])
            lasting = np.concatenate([lasting[~scoring], lasting[scoring]])
            row, size = table.row(places[lasting[0]]), float(sizes[lasting[0]])
            says = partial(self._beside, row, size, last, end)
            symptom = replace(_symptom(table, places[lasting], says, _ADVICE), lasts=True)
            if scoring.all():
                symptom = replace(symptom, level="hint", advice=_ADVICE_ON_SCORES)
            yield symptom
        if self._nothing.count(not self._ever_larger) == 2 * limits.patience:
            largest = table.row(places[sizes.argmax()])
            says = partial(self._from_the_start, largest, float(sizes.max()), self._biases_learn)
            yield _symptom(table, places[:1], says, self._advice(sizes))

    def _note_larger(self, table: Table) -> None:
        """See which gradients are of use: also those of parameters that are no weights."""
        places = table.of("gradient")
        useful = places[table.root_mean_square(places) >= self._limits.gradient]
        vectors = [len(table.row(place).shape) < 2 for place in useful]
        self._biases_learn |= any(vectors)
        self._ever_larger |= not all(vectors)

    def _advice(self, sizes: Floats) -> str:
        if self._biases_learn:
            return _ADVICE_ON_WEIGHTS
        return _ADVICE_ON_ALL if sizes.any() else _ADVICE_ON_NOTHING

    def _beside(self, row: Row, size: float, last: Row, end: float) -> str:
        return (
            f"the gradient of {row.parameter} in {named(row)} has all but vanished: "
            f"its root mean square is {tiny(size)}, that of the last layer, {named(last)}, "
            f"{tiny(end)} (limit: {tiny(self._limits.gradient_ratio)} of that)."
        )

    def _from_the_start(self, row: Row, size: float, biases_learn: bool) -> str:
        which = "but those of biases and scales " if biases_learn else ""
        largest = "the largest other" if biases_learn else "the largest"
        return (
            f"no gradient {which}has ever been of use: {largest}, in {named(row)}, has a root mean "
            f"square of {tiny(size)} (limit {tiny(self._limits.gradient)})."
        )


def _is_scoring(row: Row) -> bool:
    return _SCORING.search(row.layer) is not None


def _symptom(table: Table, places: Places, says: Callable[[], str], advice: str) -> Symptom:
    return Symptom("vanishing-gradient", "warning", table.layers(places), table.step, says, advice)
