"""Gradients that grow out of all proportion."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import numpy as np

from dlmagic.display.units import tiny
from dlmagic.magics.watch.sample_result import Row
from dlmagic.magics.watch.verdicts.dialects import in_words_of
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streak
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Floats, Places, Table

_REMEMBERED = 50
_AT_ONCE = 10.0
"""Times the limit at which one sample is enough."""
_ADVICE = (
    "Try a smaller learning rate, {clipping}, or inputs and targets of about unit size{clearing}."
)


class Exploding:
    """Compares the norm of all gradients with what it was, and with the weights."""

    def __init__(self, limits: Limits, framework: str) -> None:
        self._limits, self._advice = limits, in_words_of(framework, _ADVICE)
        self._heavy = Streak()
        self._first: list[float] = []
        self._last: deque[float] = deque(maxlen=_REMEMBERED)
        self._spikes: deque[bool] = deque(maxlen=limits.patience)
        self._usual = _Usual()

    def look(self, table: Table) -> Iterator[Symptom]:
        """The layer that has grown most, should they have exploded."""
        places = table.of_weights("gradient")
        norms = table.get(places, "norm")
        finite = np.isfinite(norms)
        places, norms = places[finite], norms[finite]
        norm = float(np.linalg.norm(norms))
        if not norm:
            return
        yield from self._against_before(table, places, norms, norm)
        yield from self._against_weights(table, places, norms, norm)
        if len(self._first) < self._limits.usual:
            self._first.append(norm)
        self._last.append(norm)
        self._usual.remember(table.numbers(places), norms)

    def _against_before(
        self, table: Table, places: Places, norms: Floats, norm: float
    ) -> Iterator[Symptom]:
        """At the end of a good run all are small, and one hard batch is no explosion."""
        if len(self._first) < self._limits.usual:
            return
        usual = max(median(self._first), median(self._last))
        times = norm / usual if usual else 0.0
        self._spikes.append(times > self._limits.explosion)
        if sum(self._spikes) > 1 or times > _AT_ONCE * self._limits.explosion:
            growth = self._usual.growth(table.numbers(places), norms)
            worst = table.row(places[growth.argmax()])
            yield self._symptom(table, worst, partial(self._has_exploded, worst, norm, times))

    def _against_weights(
        self, table: Table, places: Places, norms: Floats, norm: float
    ) -> Iterator[Symptom]:
        weights = table.get(table.of_weights("weight"), "norm")
        whole = float(np.linalg.norm(weights[np.isfinite(weights)]))
        ratio = norm / whole if whole else 0.0
        streak = self._heavy.count(ratio > self._limits.gradient_to_weight)
        if streak >= self._limits.patience:
            worst = table.row(places[norms.argmax()])
            yield self._symptom(table, worst, partial(self._is_too_large, worst, ratio))

    def _symptom(self, table: Table, row: Row, says: Callable[[], str]) -> Symptom:
        layers, advice = [row.layer], self._advice
        return Symptom("exploding-gradient", "warning", layers, table.step, says, advice)

    def _has_exploded(self, row: Row, norm: float, times: float) -> str:
        return (
            f"gradients explode, most in {named(row)}: the norm of all together is {tiny(norm)}, "
            f"{times:,.0f} times the usual (limit {self._limits.explosion:g})."
        )

    def _is_too_large(self, row: Row, ratio: float) -> str:
        return (
            f"gradients are far too large, most in {named(row)}: the norm of all together is "
            f"{ratio:,.0f} times that of the weights "
            f"(limit {self._limits.gradient_to_weight:,g})."
        )


class _Usual:
    """Norms of the last samples, ``[sample, row]``; NaN where there was none."""

    def __init__(self) -> None:
        self._norms: Floats = np.full((_REMEMBERED, 0), np.nan)
        self._next = 0

    def remember(self, numbers: Places, norms: Floats) -> None:
        new = int(numbers.max(initial=-1)) + 1 - self._norms.shape[1]
        if new > 0:
            self._norms = np.pad(self._norms, ((0, 0), (0, new)), constant_values=np.nan)
        self._norms[self._next] = np.nan
        self._norms[self._next, numbers] = norms
        self._next = (self._next + 1) % _REMEMBERED

    def growth(self, numbers: Places, norms: Floats) -> Floats:
        """Norms, in the usual ones; zero where none is usual yet."""
        usual = np.full(len(numbers), math.inf)
        there = numbers < self._norms.shape[1]
        kept = self._norms[:, numbers[there]]
        there[there] = known = ~np.isnan(kept).all(axis=0)
        usual[there] = np.nanmedian(kept[:, known], axis=0)
        found: Floats = np.divide(norms, usual, out=np.zeros(len(norms)), where=usual > 0)
        return found
