"""The table of a sweep: one row per value, one column per arm."""

from __future__ import annotations

from dlmagic.display.parts import Column, Part, Span, Table, Tone, abridge, sentence
from dlmagic.display.units import Ratio, half_width, seconds
from dlmagic.magics.bench.headline import NAME_LIMIT
from dlmagic.magics.bench.result import Arm
from dlmagic.magics.bench.sweep.result import Sweep, SweepPoint

MOST_ROWS, MOST_COLUMNS = 40, 12
"""Values and arms in the table; more are counted, not listed."""

_ABSENT = Span("–", "muted")
_TONES: dict[str | None, Tone] = {"faster": "good", "slower": "bad"}


def table_of(sweep: Sweep) -> list[Part]:
    """The table, and what it leaves out; nothing where nothing was timed."""
    if not any(point.timed for point in sweep.points):
        return []
    points, names = sweep.ascending[:MOST_ROWS], sweep.arms[:MOST_COLUMNS]
    columns = (Column(abridge(sweep.name, NAME_LIMIT)), *(_headed(name) for name in names))
    rows = tuple((_value(point), *(_cell(point, name) for name in names)) for point in points)
    caption = f"Time per call (median) for each {abridge(sweep.name, NAME_LIMIT)}"
    caption += ", and the speedup" if len(names) > 1 else ""
    return [Table(caption, columns, rows), *_left_out(sweep)]


def _left_out(sweep: Sweep) -> list[Part]:
    totals = ((len(sweep.points), MOST_ROWS, "values"), (len(sweep.arms), MOST_COLUMNS, "arms"))
    cut = [f"{most} of {total} {what}" for total, most, what in totals if total > most]
    rest = f"{' and '.join(cut)} are shown; result.sweep has them all."
    return [sentence(rest, role="note")] if cut else []


def _headed(name: str) -> Column:
    return Column(abridge(name, NAME_LIMIT), numeric=False)


def _value(point: SweepPoint) -> Span:
    return Span(abridge(point.text, 30), "strong" if point.timed else "plain")


def _cell(point: SweepPoint, name: str) -> Span:
    if point.status != "ok":
        return Span(point.status, "bad" if point.status == "failed" else "muted")
    arm = next((each for each in point.arms if each.name == name), None)
    if arm is None:
        return _ABSENT
    if arm.status != "ok":
        return Span(arm.status, "bad" if arm.status == "failed" else "muted")
    if arm.median is None:
        return _ABSENT
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
