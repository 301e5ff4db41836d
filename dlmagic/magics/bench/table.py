"""The table of a benchmark: one row per arm, and only the columns that say something."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from dlmagic.display.parts import Column, Part, Span, Table, Tone, abridge, sentence
from dlmagic.display.units import (
    Ratio,
    about,
    half_width,
    plural,
    seconds,
    time_scale,
)
from dlmagic.magics.bench import amounts
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.headline import NAME_LIMIT, best_first, pay_off_span
from dlmagic.magics.bench.result import BenchResult

MOST_ROWS = 40
"""Arms in the table; more are counted, not listed."""

_ABSENT = Span("–", "muted")
_TONES: dict[str | None, Tone] = {"faster": "good", "slower": "bad"}


@dataclass(frozen=True)
class _Field:
    """A column and how an arm fills it; None where it has nothing to say."""

    column: Column
    cell: Callable[[Arm], Span | None]


def table_of(result: BenchResult) -> list[Part]:
    """The table, and what it leaves out; nothing where nothing was timed."""
    arms = best_first(result.arms)
    if not any(arm.measured for arm in arms):
        return []
    fields = [field for field in _fields(result) if any(field.cell(arm) for arm in arms)]
    shown = arms[:MOST_ROWS]
    rows = tuple((_named(arm), *(f.cell(arm) or _ABSENT for f in fields)) for arm in shown)
    order = ", best first" if sum(arm.measured for arm in arms) > 1 else ""
    cold = ", with cold caches" if result.cold else ""
    whose = " of the slowest rank" if len(result.hosts) > 1 else ""
    caption = f"Time per call{whose} over {turns_of(result)}{cold}{order}"
    table = Table(caption, (Column("arm"), *(f.column for f in fields)), rows)
    left_out = len(arms) - len(shown)
    if not left_out:
        return [table]
    rest = f"{len(shown)} of {len(arms)} arms are shown; result.arms has them all."
    return [table, sentence(rest, role="note")]


def turns_of(result: BenchResult) -> str:
    """What the times were taken in: rounds, or fresh processes of each arm."""
    if not result.hosts and any(arm.ranks for arm in result.arms):
        return f"{result.rounds} fresh {'process' if result.rounds == 1 else 'processes'} per arm"
    return plural(result.rounds, "round")


def _fields(result: BenchResult) -> list[_Field]:
    compared = bool(result.compared_arms()) and result.reference_arm() is not None
    comparing = [
        _Field(Column("speedup (interval)"), _speedup),
        _Field(Column("compile once", numeric=True), _compile_time),
        _Field(_pay_off_column(result), _break_even),
        _Field(Column("answers"), _agreement),
    ]
    return [
        _Field(Column("median", numeric=True), _median),
        _Field(Column("95 % interval", numeric=True), _interval),
        *(comparing if compared else comparing[1:2]),
        _Field(Column("peak memory", numeric=True), amounts.memory),
        _Field(Column("reserved", numeric=True), amounts.reserved),
        _Field(Column("FLOPs", numeric=True), amounts.flops),
        _Field(Column("FLOP/s", numeric=True), amounts.flop_rate),
        _Field(Column("of roofline", numeric=True), amounts.roofline_share),
        _Field(Column("energy", numeric=True), amounts.energy),
    ]


def _named(arm: Arm) -> Span:
    return Span(abridge(arm.name, NAME_LIMIT), "strong" if arm.measured else "plain")


def _median(arm: Arm) -> Span | None:
    if arm.status != "ok":
        return Span(arm.status, "bad" if arm.status == "failed" else "muted")
    if arm.median is None:
        return None
    return Span(seconds(arm.median, half_width(arm.interval)))


def _interval(arm: Arm) -> Span | None:
    if not arm.measured or arm.median is None or arm.interval is None:
        return None
    low, high = arm.interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    scale = time_scale(arm.median, half_width(arm.interval))
    return Span(f"{scale.number(low)} to {scale.number(high)}")


def _speedup(arm: Arm) -> Span | None:
    if arm.verdict == "reference":
        return Span("reference", "muted")
    if not arm.measured or arm.speedup is None:
        return None
    text = Ratio(arm.speedup, arm.speedup_interval).with_span()
    return Span(text, _TONES.get(arm.verdict, "plain"))


def _compile_time(arm: Arm) -> Span | None:
    return Span(seconds(arm.compile_seconds, digits=2)) if arm.compile_seconds else None


def _break_even(arm: Arm) -> Span | None:
    if not arm.measured or not arm.compile_seconds or arm.verdict is None:
        return None
    if arm.break_even_calls is not None:
        return Span(about(arm.break_even_calls) + pay_off_span(arm))
    if arm.break_even_interval is not None:
        return Span("perhaps never")
    return None if arm.verdict == "unclear" else Span("never")


def _pay_off_column(result: BenchResult) -> Column:
    """Numbers, or numbers with intervals, which may take two lines."""
    intervals = any(pay_off_span(arm) for arm in result.arms)
    title = "calls to pay off"
    return Column(f"{title} (interval)") if intervals else Column(title, numeric=True)


def _agreement(arm: Arm) -> Span | None:
    if not arm.measured or arm.verdict == "reference":
        return None
    if arm.agrees is None:
        return Span("not compared", "muted") if arm.agreement else None
    return Span("agree") if arm.agrees else Span("differ", "bad")
