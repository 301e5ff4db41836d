"""The chart of a sweep: time against value, a curve for each arm."""

from __future__ import annotations

from dlmagic.display.linechart import Mark, Series, line_chart
from dlmagic.display.parts import Picture, abridge
from dlmagic.display.units import half_width, seconds
from dlmagic.magics.bench.sweep.result import Curve, Sweep

_MOST_CURVES = 12


def picture_of(sweep: Sweep) -> Picture | None:
    """The curves; None where the values are no numbers or only one of them has a time."""
    curves = [curve for curve in sweep.curves() if len(curve.numbers) > 1]
    if not curves:
        return None
    title = "Time per call: median and 95 % interval"
    if len(curves) > _MOST_CURVES:
        title += f"; {_MOST_CURVES} of {len(curves)} arms"
    return line_chart(
        [_series(curve, sweep.name) for curve in curves[:_MOST_CURVES]],
        title=title,
        x_title=abridge(sweep.name, 40),
        x_tick=lambda value: f"{value:.10g}",
        y_tick=lambda value: seconds(value, digits=1),
    )


def _series(curve: Curve, name: str) -> Series:
    points = zip(curve.numbers, curve.medians, curve.intervals, strict=True)
    median, interval = curve.medians[-1], curve.intervals[-1]
    label = f"{seconds(median, half_width(interval))} at {name} = {curve.numbers[-1]:.10g}"
    return Series(curve.arm, tuple(Mark(*point) for point in points), label)
