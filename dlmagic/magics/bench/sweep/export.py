"""Sweeps for other tools; pandas and Matplotlib are handed in by those who were asked for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.sweep.result import Curve, Sweep


def records(
    sweep: Sweep, of_arm: Callable[[Arm], Mapping[str, object]]
) -> Iterator[dict[str, object]]:
    """One record per point and arm, one for a point that has no arms.

    Args:
        sweep: The sweep.
        of_arm: The fields of an arm.
    """
    for point in sweep.points:
        value = point.text if point.number is None else point.number
        if not point.arms:
            empty = Arm(name="", status=point.status, reason=point.reason, line=point.line)
            yield {"value": value, **of_arm(empty), "mode": ""}
        for arm in point.arms:
            yield {"value": value, **of_arm(arm)}


def draw(sweep: Sweep, axes: Any) -> Any:
    """The curves of a sweep with their intervals, both axes logarithmic where they can be."""
    for curve in sweep.curves():
        axes.errorbar(
            curve.numbers,
            curve.medians,
            yerr=_distances(curve),
            marker="o",
            capsize=3,
            label=curve.arm,
        )
    curves = sweep.curves()
    if all(number > 0 for curve in curves for number in curve.numbers):
        axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(sweep.name)
    axes.set_ylabel("seconds per call")
    if curves:
        axes.legend()
    return axes


def _distances(curve: Curve) -> list[list[float]]:
    """How far the ends of each interval are from its median; 0 without one."""
    pairs = list(zip(curve.medians, curve.intervals, strict=True))
    return [[abs(m - i[end]) if i else 0.0 for m, i in pairs] for end in (0, 1)]
