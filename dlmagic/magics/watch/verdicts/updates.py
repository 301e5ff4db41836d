"""Steps that change the weights by far too little, or by far too much."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from dlmagic.display.units import tiny
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streaks
from dlmagic.magics.watch.verdicts.symptom import Kind, Symptom, named
from dlmagic.magics.watch.verdicts.table import Line, Table

_SMALLER = "Try a smaller learning rate, a warm-up, or gradients that are clipped."
_LARGER = "Try a larger learning rate, and see that the optimiser has the parameters of this model."
_REPLACED = 1.0
"""A step as large as the weight itself leaves nothing of it."""
_STARTED = 0.01
"""Root mean square from which a weight is none that has just left zero."""


class Updates:
    """Looks at the ratio of updates to weights: about a thousandth is usual."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streaks = Streaks()
        self._usual: list[float] = []
        self._large_since = 0

    def look(self, table: Table) -> Iterator[Symptom]:
        """Layers whose weights change too much, or all of them if nothing changes."""
        ratios = [(line, table.ratio_of(line)) for line in table.updates]
        known = [(line, ratio) for line, ratio in ratios if math.isfinite(ratio)]
        if known and self._learns(table):
            yield from self._too_small(table, known)
        yield from self._too_large(table, known)

    def _learns(self, table: Table) -> bool:
        return any(line.get("norm") > 0 for line in table.gradients)

    def _too_small(self, table: Table, known: list[tuple[Line, float]]) -> Iterator[Symptom]:
        """Only a run in which updates were never larger, and are not growing as in a warm-up."""
        moving = [ratio for _, ratio in known if ratio] or [0.0]
        self._usual.append(median(moving))
        small = max(self._usual) < self._limits.smallest_update
        growing = self._usual[-1] > 1.5 * self._usual[len(self._usual) // 2] > 0
        enough = len(self._usual) >= 2 * self._limits.patience
        if small and enough and not growing and table.step > self._limits.first_steps:
            yield self._symptom("update-too-small", known[0][0], self._usual[-1])
        if not small:
            self._usual = [max(self._usual)]

    def _too_large(self, table: Table, known: list[tuple[Line, float]]) -> Iterator[Symptom]:
        """At once where weights are replaced; else only where most layers go on like that."""
        started = [(line, ratio) for line, ratio in known if _has_started(table, line)]
        for line, ratio in started:
            if ratio > _REPLACED:
                yield self._symptom("update-too-large", line, ratio)
        large = [each for each in started if each[1] > self._limits.largest_update]
        most = 2 * len(large) > len(started) and table.step > 2 * self._limits.first_steps
        streak = self._streaks.count("large", most)
        self._large_since = self._large_since if streak > 1 else table.step
        lasting = table.step - self._large_since >= 3 * self._limits.first_steps
        if streak >= self._limits.patience and lasting:
            for line, ratio in large:
                yield self._symptom("update-too-large", line, ratio)

    def _symptom(self, kind: Kind, line: Line, ratio: float) -> Symptom:
        row, limits = line.row, self._limits
        much = kind == "update-too-large"
        limit = limits.largest_update if much else limits.smallest_update
        return Symptom(
            kind,
            "warning" if much or not ratio else "hint",
            row.layer,
            row.kind,
            line.table.step,
            f"a step changes {row.parameter} in {named(row.layer, row.kind)} "
            f"{'far too much' if much else 'hardly at all'}: by {tiny(ratio)} of its norm "
            f"(limit {tiny(limit)}).",
            "change as much" if much else "change as little",
            _SMALLER if much else _LARGER,
        )


def _has_started(table: Table, update: Line) -> bool:
    weight = table.weights.get(update.key)
    return weight is not None and weight.root_mean_square >= _STARTED
