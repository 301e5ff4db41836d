"""The chart of a benchmark: what each round said, around the estimate."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.display.chart import Strip, strip_chart
from dlmagic.display.parts import Picture, abridge
from dlmagic.display.units import Ratio, half_width, seconds
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.headline import best_first
from dlmagic.magics.bench.result import BenchResult

_MOST_STRIPS = 12


def picture_of(result: BenchResult) -> Picture | None:
    """Speedups where arms were compared, otherwise times; None without rounds to draw."""
    compared = best_first(result.compared_arms()) if result.reference_arm() else []
    return _speedup_chart(result, compared) if compared else _time_chart(result)


def _speedup_chart(result: BenchResult, arms: Sequence[Arm]) -> Picture | None:
    strips = [_speedup_strip(result, arm) for arm in arms if len(result.round_speedups(arm)) > 1]
    if not strips:
        return None
    reference = abridge(result.reference, 30)
    return strip_chart(
        strips[:_MOST_STRIPS],
        title=_title("Each dot is one round, the ring the estimate on its 95 % interval", strips),
        axis_title=f"times as fast as {reference}; right of 1x is faster",
        tick=lambda value: f"{value:g}x",
        line_at=1.0,
    )


def _speedup_strip(result: BenchResult, arm: Arm) -> Strip:
    ratio = Ratio(arm.speedup or 1.0, arm.speedup_interval)
    dots = result.round_speedups(arm)
    return Strip(arm.name, dots, ratio.value, arm.speedup_interval, str(ratio))


def _time_chart(result: BenchResult) -> Picture | None:
    arms = [arm for arm in best_first(result.arms) if arm.measured and len(arm.samples) > 1]
    strips = [
        Strip(arm.name, arm.samples, arm.median or 0.0, arm.interval, _median_text(arm))
        for arm in arms
    ]
    if not strips:
        return None
    return strip_chart(
        strips[:_MOST_STRIPS],
        title=_title("Each dot is one round, the ring the median on its 95 % interval", strips),
        axis_title="time per call; left is faster",
        tick=seconds,
    )


def _median_text(arm: Arm) -> str:
    return seconds(arm.median or 0.0, half_width(arm.interval))


def _title(title: str, strips: Sequence[Strip]) -> str:
    if len(strips) <= _MOST_STRIPS:
        return title
    return f"{title}; the {_MOST_STRIPS} best of {len(strips)}"
