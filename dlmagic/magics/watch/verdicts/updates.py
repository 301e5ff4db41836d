"""Steps that change the weights by far too little, or by far too much."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dlmagic.display.units import tiny
from dlmagic.magics.watch.sample_result import Row
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streak
from dlmagic.magics.watch.verdicts.symptom import Kind, Symptom, named
from dlmagic.magics.watch.verdicts.table import Floats, Places, Table

_SMALLER = "Try a smaller learning rate, a slow start (warm-up), or gradients that are clipped."
_LARGER = "Try a larger learning rate, and see that the optimiser has the parameters of this model."
_REPLACED = 1.0
"""A step as large as the weight itself leaves nothing of it."""
_STARTED = 0.01
"""Root mean square from which a weight is none that has just left zero."""


class Updates:
    """Looks at the ratio of updates to weights: about a thousandth is usual."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._usual: list[float] = []
        self._large, self._large_since = Streak(), 0

    def look(self, table: Table) -> Iterator[Symptom]:
        """Layers whose weights change too much, or all of them if nothing changes."""
        places = table.of_weights("update")
        ratios = table.ratios(places)
        known = np.isfinite(ratios)
        places, ratios = places[known], ratios[known]
        if len(places) and _learns(table):
            yield from self._too_small(table, places, ratios)
        yield from self._too_large(table, places, ratios)

    def _too_small(self, table: Table, places: Places, ratios: Floats) -> Iterator[Symptom]:
        """Only a run in which updates were never larger, and are not growing as in a warm-up."""
        moving = ratios[ratios != 0]
        self._usual.append(float(np.median(moving)) if len(moving) else 0.0)
        small = max(self._usual) < self._limits.smallest_update
        growing = self._usual[-1] > 1.5 * self._usual[len(self._usual) // 2] > 0
        enough = len(self._usual) >= 2 * self._limits.patience
        if small and enough and not growing and table.step > self._limits.first_steps:
            yield self._symptom("update-too-small", table, places[:1], self._usual[-1])
        if not small:
            self._usual = [max(self._usual)]

    def _too_large(self, table: Table, places: Places, ratios: Floats) -> Iterator[Symptom]:
        """At once where weights are replaced; else only where most layers go on like that.

        A step that is many in one goes far where all is well.
        """
        if table.sample.is_many:
            return
        started = _have_started(table, places)
        places, ratios = places[started], ratios[started]
        replaced = ratios > _REPLACED
        if replaced.any():
            yield self._too_large_at(table, places[replaced], ratios[replaced])
        large = ratios > self._limits.largest_update
        most = 2 * large.sum() > len(ratios) and table.step > 2 * self._limits.first_steps
        streak = self._large.count(most)
        self._large_since = self._large_since if streak > 1 else table.step
        lasting = table.step - self._large_since >= 3 * self._limits.first_steps
        if streak >= self._limits.patience and lasting and large.any():
            yield self._too_large_at(table, places[large], ratios[large])

    def _too_large_at(self, table: Table, places: Places, ratios: Floats) -> Symptom:
        return self._symptom("update-too-large", table, places, float(ratios[0]))

    def _symptom(self, kind: Kind, table: Table, places: Places, ratio: float) -> Symptom:
        much = kind == "update-too-large"
        return Symptom(
            kind,
            "warning" if much or not ratio else "hint",
            table.layers(places),
            table.step,
            partial(self._says, table.row(places[0]), ratio, much=much),
            _SMALLER if much else _LARGER,
        )

    def _says(self, row: Row, ratio: float, *, much: bool) -> str:
        limit = self._limits.largest_update if much else self._limits.smallest_update
        return (
            f"a step changes {row.parameter} in {named(row)} "
            f"{'far too much' if much else 'hardly at all'}: by {tiny(ratio)} "
            f"{'times' if ratio >= 1 else 'of'} its norm (limit {tiny(limit)})."
        )


def _learns(table: Table) -> bool:
    return bool((table.get(table.of_weights("gradient"), "norm") > 0).any())


def _have_started(table: Table, updates: Places) -> NDArray[np.bool_]:
    weights = table.outline.weight_of[updates]
    return (weights >= 0) & (table.root_mean_square(weights) >= _STARTED)
