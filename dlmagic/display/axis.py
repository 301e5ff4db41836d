"""An axis of a chart: where values go, and which of them get a tick."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WIDE = 4.0
"""Values that span more than this ratio are drawn on a logarithmic axis."""
_LEAST = 1e-250
"""What is nearer to 0, or as much farther than 1, is drawn at the end of a logarithmic axis."""


@dataclass(frozen=True)
class Axis:
    """From values to pixels.

    Attributes:
        low: The value at the left end.
        high: The value at the right end.
        left: The pixel of the left end, or of the lower one.
        right: The pixel of the right end, or of the upper one.
        logarithmic: Whether equal ratios are equally far apart.
    """

    low: float
    high: float
    left: float
    right: float
    logarithmic: bool

    def holds(self, value: float) -> bool:
        """Whether a value lies on the axis."""
        return self.low <= value <= self.high

    def pixel(self, value: float) -> float:
        """Where a value goes; one beyond an end goes to that end."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            low, high = math.log(self.low), math.log(self.high)
            share = (math.log(inside) - low) / (high - low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)

    def ticks(self) -> tuple[float, ...]:
        """Round values on the axis, three to eight of them where the axis allows."""
        decades = _decades(self.low, self.high) if self.logarithmic else []
        held = [tick for tick in decades if self.holds(tick)]
        if len(held) > 2 or (held and self.high / self.low > _WIDE):
            return _thinned(held)
        step = _round_step((self.high - self.low) / 6)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))


def axis_for(
    dots: Iterable[Sequence[float]], always: Iterable[float], left: float, right: float
) -> Axis:
    """The axis on which nearly all dots lie, and certain values for sure.

    Args:
        dots: The positive values of each row. The farthest twentieth of a row may lie
            beyond the ends, or a single slow round would squeeze all others together.
        always: Positive values that must be on the axis, such as medians and intervals.
        left: The pixel of its left end.
        right: The pixel of its right end.
    """
    needed = [value for value in always if math.isfinite(value) and value > 0]
    for row in dots:
        inner = sorted(row)
        cut = len(inner) // 40
        needed += [inner[cut], inner[-1 - cut]] if inner else []
    low, high = min(needed, default=1.0), max(needed, default=1.0)
    if high / low > _WIDE:
        return Axis(low / 1.1, high * 1.1, left, right, logarithmic=True)
    margin = max((high - low) * 0.06, high * 0.01)
    return Axis(max(low - margin, 0.0), high + margin, left, right, logarithmic=False)


def ratio_axis(values: Iterable[float], left: float, right: float) -> Axis:
    """A logarithmic axis with all these values, which are above 0."""
    known = [min(max(value, _LEAST), 1 / _LEAST) for value in values if value > 0]
    low, high = min(known, default=1.0), max(known, default=1.0)
    room = max(math.exp(0.05 * (math.log(high) - math.log(low))), 1.05)
    return Axis(low / room, high * room, left, right, logarithmic=True)


def even_axis(values: Iterable[float], left: float, right: float) -> Axis:
    """An axis with all these values on which equal differences are equally far apart."""
    known = [value for value in values if math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    room = (high - low) * 0.05 or max(abs(high) * 0.05, 1.0)
    return Axis(low - room, high + room, left, right, logarithmic=False)


def _decades(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]


def _thinned(ticks: list[float], most: int = 8) -> tuple[float, ...]:
    """Only powers of ten where there are many ticks, and only some of those where still many."""
    if len(ticks) > most:
        ticks = [tick for tick in ticks if f"{tick:e}".startswith("1.0")]
    return tuple(ticks[:: 1 + (len(ticks) - 1) // most])


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= step)
