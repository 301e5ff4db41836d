"""Gradients that grow out of all proportion."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from statistics import median

from dlmagic.display.units import tiny
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streaks
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Line, Table

_REMEMBERED = 50
_AT_ONCE = 100.0
"""Times the limit at which one sample is enough."""
_ADVICE = (
    "Try a smaller learning rate, torch.nn.utils.clip_grad_norm_ or its like before the step, "
    "inputs and targets of about unit size, and see that gradients are cleared before each step."
)


class Exploding:
    """Compares the norm of all gradients with what it was, and with the weights."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streaks = Streaks()
        self._first: list[float] = []
        self._last: deque[float] = deque(maxlen=_REMEMBERED)
        self._spikes: deque[bool] = deque(maxlen=limits.patience)
        self._usual: dict[tuple[str, str], deque[float]] = {}

    def look(self, table: Table) -> Iterator[Symptom]:
        """The layer that has grown most, should they have exploded."""
        lines = [line for line in table.gradients if math.isfinite(line.get("norm"))]
        norm = _norm(lines)
        if not norm:
            return
        yield from self._against_before(lines, norm)
        yield from self._against_weights(table, lines, norm)
        self._remember(lines, norm)

    def _against_before(self, lines: list[Line], norm: float) -> Iterator[Symptom]:
        """At the end of a good run all are small, and one hard batch is no explosion."""
        if len(self._first) < self._limits.usual:
            return
        usual = max(median(self._first), median(self._last))
        times = norm / usual if usual else 0.0
        self._spikes.append(times > self._limits.explosion)
        if sum(self._spikes) > 1 or times > _AT_ONCE * self._limits.explosion:
            worst = max(lines, key=self._growth)
            yield _symptom(
                worst,
                f"gradients explode, most in {named(worst.row.layer, worst.row.kind)}: the norm of "
                f"all together is {tiny(norm)}, {times:,.0f} times the usual "
                f"(limit {self._limits.explosion:g}).",
            )

    def _against_weights(self, table: Table, lines: list[Line], norm: float) -> Iterator[Symptom]:
        weights = _norm(list(table.weights.values()))
        ratio = norm / weights if weights else 0.0
        streak = self._streaks.count("weights", ratio > self._limits.gradient_to_weight)
        if streak >= self._limits.patience:
            worst = max(lines, key=lambda line: line.get("norm"))
            yield _symptom(
                worst,
                f"gradients are far too large, most in {named(worst.row.layer, worst.row.kind)}: "
                f"the norm of all together is {ratio:,.0f} times that of the weights "
                f"(limit {self._limits.gradient_to_weight:,g}).",
            )

    def _growth(self, line: Line) -> float:
        usual = median(self._usual.get(line.key, (math.inf,)))
        return line.get("norm") / usual if usual else 0.0

    def _remember(self, lines: list[Line], norm: float) -> None:
        if len(self._first) < self._limits.usual:
            self._first.append(norm)
        self._last.append(norm)
        for line in lines:
            kept = self._usual.setdefault(line.key, deque(maxlen=_REMEMBERED))
            kept.append(line.get("norm"))


def _norm(lines: list[Line]) -> float:
    norms = (line.get("norm") for line in lines)
    return math.hypot(*(norm for norm in norms if math.isfinite(norm)))


def _symptom(line: Line, says: str) -> Symptom:
    row = line.row
    return Symptom(
        "exploding-gradient",
        "warning",
        row.layer,
        row.kind,
        line.table.step,
        says,
        "have such gradients, too",
        _ADVICE,
    )
