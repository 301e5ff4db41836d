"""How the times of a sweep grow, and where one arm overtakes another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from dlmagic.magics.bench.arm_result import Arm, Interval
from dlmagic.magics.bench.sweep.result import Crossing, Curve, Growth, Sweep, SweepPoint

_CONFIDENCE = 0.95


def analysed(name: str, points: Sequence[SweepPoint], reference: str) -> Sweep:
    """A sweep with all that its points tell together.

    Args:
        name: The name that was swept.
        points: One per value.
        reference: The arm that the others were compared with.
    """
    sweep = Sweep(name=name, points=tuple(points))
    if not sweep.numeric:
        return sweep
    positive = all((point.number or 0) > 0 for point in points if point.timed)
    growth = [growth_of(curve) for curve in sweep.curves()] if positive else []
    crossings = [
        crossing
        for arm in sweep.arms
        if arm != reference
        for crossing in _crossings(arm, sweep.ascending, logarithmic=positive)
    ]
    return Sweep(
        name=name,
        points=sweep.points,
        growth=tuple(each for each in growth if each is not None),
        crossings=tuple(crossings),
    )


def growth_of(curve: Curve) -> Growth | None:
    """The exponent of a curve over positive values; None for fewer than two."""
    count = len(curve.numbers)
    if count < 2 or not all(map(math.isfinite, curve.numbers)):
        return None
    from scipy.stats import linregress, t

    fit = linregress([math.log(n) for n in curve.numbers], [math.log(m) for m in curve.medians])
    slope, interval = float(fit.slope), None
    if count > 2:
        half = float(t.ppf((1 + _CONFIDENCE) / 2, count - 2) * fit.stderr)
        interval = (slope - half, slope + half)
    return Growth(arm=curve.arm, exponent=slope, interval=interval, points=count)


def _crossings(name: str, points: Sequence[SweepPoint], *, logarithmic: bool) -> Iterator[Crossing]:
    """Where an arm that is surely slower is surely faster at a later value, or the reverse."""
    known = [(point, arm) for point in points for arm in point.arms if _compared(arm, name)]
    sure = [place for place, (_, arm) in enumerate(known) if arm.verdict in ("faster", "slower")]
    for first, last in pairwise(sure):
        if known[first][1].verdict != known[last][1].verdict:
            yield _crossing(known[first : last + 1], logarithmic=logarithmic)


def _compared(arm: Arm, name: str) -> bool:
    return arm.name == name and bool(arm.speedup) and arm.verdict not in (None, "reference")


def _crossing(between: Sequence[tuple[SweepPoint, Arm]], *, logarithmic: bool) -> Crossing:
    (after, first), (before, last) = between[0], between[-1]
    numbers = [float(point.number or 0) for point, _ in between]
    scaled = [math.log(number) for number in numbers] if logarithmic else numbers
    logs = [math.log(arm.speedup or 1.0) for _, arm in between]
    # An odd number of neighbours change sides; the one in the middle is between the rest.
    changes = [k for k in range(len(logs) - 1) if (logs[k] > 0) != (logs[k + 1] > 0)]
    k = changes[len(changes) // 2]
    at = _zero(scaled[k], logs[k], scaled[k + 1], logs[k + 1])
    ends = _extremes(scaled[0], first, scaled[-1], last)
    back = math.exp if logarithmic else float
    return Crossing(
        arm=last.name,
        turns="faster" if last.verdict == "faster" else "slower",
        after=after.text,
        before=before.text,
        at=back(at),
        interval=(back(min(ends[0], at)), back(max(ends[1], at))),
    )


def _extremes(left: float, first: Arm, right: float, last: Arm) -> Interval:
    """The nearest and the farthest place of a crossing that the speedups' intervals allow.

    Both ends of both intervals at once, so it is wider than 95 % needs.
    """
    ends = [
        _zero(left, math.log(a), right, math.log(b))
        for a in first.speedup_interval or (first.speedup or 1.0,)
        for b in last.speedup_interval or (last.speedup or 1.0,)
    ]
    return min(ends), max(ends)


def _zero(left: float, low: float, right: float, high: float) -> float:
    """Where the straight line through two points is zero."""
    return left - low * (right - left) / (high - low)
