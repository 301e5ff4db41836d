"""The table of a sweep: one row per value, one column per arm."""

from __future__ import annotations

from collections.abc import Callable

from dlmagic.display.parts import Column, Part, Span, Table, Tone, abridge, sentence
from dlmagic.display.units import Ratio, half_width, seconds
from dlmagic.magics.bench import amounts
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.headline import NAME_LIMIT
from dlmagic.magics.bench.sweep.result import Sweep, SweepPoint

MOST_ROWS, MOST_COLUMNS = 40, 12
"""Values and arms in the table; more are counted, not listed."""

Fill = Callable[[Arm], Span | None]
"""What stands in the table for an arm; None where it has nothing to say."""

_ABSENT = Span("–", "muted")
_TONES: dict[str | None, Tone] = {"faster": "good", "slower": "bad"}


def tables_of(sweep: Sweep) -> list[Part]:
    """Times, then what else was measured, and what is left out; nothing without any time."""
    if not any(point.timed for point in sweep.points):
        return []
    what = "Time per call (median)"
    caption = f"{what}, and the speedup" if len(sweep.arms) > 1 else what
    times = _table(sweep, caption, _time)
    more = [_table(sweep, caption, cell) for caption, cell in _AMOUNTS if _known(sweep, cell)]
    return [times, *more, *_left_out(sweep)]


def _table(sweep: Sweep, caption: str, cell: Fill) -> Table:
    points, names = sweep.ascending[:MOST_ROWS], sweep.arms[:MOST_COLUMNS]
    swept = abridge(sweep.name, NAME_LIMIT)
    columns = (Column(swept), *(Column(abridge(name, NAME_LIMIT)) for name in names))
    rows = tuple((_value(point), *(_cell(point, name, cell) for name in names)) for point in points)
    return Table(f"{caption}, for each {swept}", columns, rows)


def _known(sweep: Sweep, cell: Fill) -> bool:
    return any(cell(arm) is not None for point in sweep.points for arm in point.arms)


def _left_out(sweep: Sweep) -> list[Part]:
    totals = ((len(sweep.points), MOST_ROWS, "values"), (len(sweep.arms), MOST_COLUMNS, "arms"))
    cut = [f"{most} of {total} {what}" for total, most, what in totals if total > most]
    rest = f"{' and '.join(cut)} are shown; result.sweep has them all."
    return [sentence(rest, role="note")] if cut else []


def _value(point: SweepPoint) -> Span:
    return Span(abridge(point.text, 30), "strong" if point.timed else "plain")


def _cell(point: SweepPoint, name: str, cell: Fill) -> Span:
    if point.status != "ok":
        return Span(point.status, "bad" if point.status == "failed" else "muted")
    arm = next((each for each in point.arms if each.name == name), None)
    if arm is None:
        return _ABSENT
    if arm.status != "ok":
        return Span(arm.status, "bad" if arm.status == "failed" else "muted")
    return cell(arm) or _ABSENT


def _time(arm: Arm) -> Span | None:
    if arm.median is None:
        return None
    time = seconds(arm.median, half_width(arm.interval))
    return Span(f"{time}{_speedup(arm)}", _TONES.get(arm.verdict, "plain"))


def _speedup(arm: Arm) -> str:
    """What is said of the speedup beside the time: ``", 2.3x faster"``."""
    ratio = Ratio(arm.speedup or 1.0, arm.speedup_interval)
    match arm.verdict:
        case "faster":
            return f", {ratio} faster"
        case "slower":
            return f", {ratio.inverse} slower"
        case "same" | "unclear":
            return f", {arm.verdict}"
        case _:
            return ""


_AMOUNTS: tuple[tuple[str, Fill], ...] = (
    ("Peak memory", amounts.memory),
    ("FLOPs per call", amounts.flops),
    ("Energy per call", amounts.energy),
)
"""What a sweep shows in tables of their own, where it was measured."""
