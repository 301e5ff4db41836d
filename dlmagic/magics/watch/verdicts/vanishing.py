"""Gradients that get lost on their way back to the first layers."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dlmagic.display.units import tiny
from dlmagic.magics.watch.verdicts.limits import Limits
from dlmagic.magics.watch.verdicts.streaks import Streaks
from dlmagic.magics.watch.verdicts.symptom import Symptom, named
from dlmagic.magics.watch.verdicts.table import Line, Table

_ADVICE = (
    "Try ReLU or GELU in place of sigmoid and tanh, normalisation between the layers, "
    "connections that skip layers, or initial weights that fit the activation (Kaiming, Xavier)."
)
_ADVICE_ON_ALL = (
    "Look at how the loss is scaled, at initial weights that are close to zero, and at outputs "
    "that are saturated from the start."
)


class Vanishing:
    """Compares the layers among each other: at the end of a good run, all gradients are small."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streaks = Streaks()
        self._ever_larger = False

    def look(self, table: Table) -> Iterator[Symptom]:
        """Layers whose gradients are lost."""
        lines = [line for line in table.gradients if math.isfinite(line.root_mean_square)]
        if not lines:
            return
        sizes = [line.root_mean_square for line in lines]
        self._ever_larger |= max(sizes) >= self._limits.gradient
        last = lines[-1]
        for line, size in zip(lines, sizes, strict=True):
            lost = 0 < size < self._limits.gradient_ratio * sizes[-1]
            zero = size == 0 and sizes[-1] > self._limits.gradient
            streak = self._streaks.count(line.key, lost or zero)
            if streak >= self._limits.patience and table.step > self._limits.first_steps:
                yield self._beside(line, last)
        if self._streaks.count("all", not self._ever_larger) == 2 * self._limits.patience:
            yield self._from_the_start(lines)

    def _beside(self, line: Line, last: Line) -> Symptom:
        size, end = line.root_mean_square, last.root_mean_square
        return _symptom(
            line,
            f"the gradient of {line.row.parameter} in {_named(line)} has all but vanished: "
            f"its root mean square is {tiny(size)}, {tiny(size / end)} times that of the last "
            f"layer, {_named(last)} (limit {tiny(self._limits.gradient_ratio)}).",
            _ADVICE,
        )

    def _from_the_start(self, lines: list[Line]) -> Symptom:
        largest = max(lines, key=lambda line: line.root_mean_square)
        return _symptom(
            lines[0],
            f"no gradient has ever been of use: the largest, in {_named(largest)}, has a root mean "
            f"square of {tiny(largest.root_mean_square)} (limit {tiny(self._limits.gradient)}).",
            _ADVICE_ON_ALL,
        )


def _symptom(line: Line, says: str, advice: str) -> Symptom:
    row = line.row
    return Symptom(
        "vanishing-gradient",
        "warning",
        row.layer,
        row.kind,
        line.table.step,
        says,
        "have such gradients, too",
        advice,
    )


def _named(line: Line) -> str:
    return named(line.row.layer, line.row.kind)
