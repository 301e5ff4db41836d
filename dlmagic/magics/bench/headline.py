"""The answer of a benchmark in plain words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from dlmagic.display.parts import Sentence, Span, Tone, abridge, sentence, shorten
from dlmagic.display.units import Ratio, about, half_width, plural, seconds, time_scale, tiny
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.result import BenchResult

NAME_LIMIT = 60
"""Characters of a name that are shown."""

_WORTH_SAYING = 0.05
"""Seconds of compilation below which nobody asks what it costs."""

_RANK = {"faster": 0, "same": 1, "unclear": 2, "slower": 3}
_NAMES_IN_A_GROUP = 4
_NICE_TIMES = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)

Pieces = list[str | Span]


def best_first(arms: Iterable[Arm]) -> list[Arm]:
    """Timed arms from the fastest to the slowest, then those that failed or were skipped."""

    def place(arm: Arm) -> tuple[bool, bool, float, float]:
        speedup = 1.0 if arm.verdict == "reference" else arm.speedup or 0.0
        return (not arm.measured, arm.status == "skipped", -speedup, arm.median or math.inf)

    return sorted(arms, key=place)


def answer(result: BenchResult) -> Sentence:
    """The first line: what is faster, by how much, how sure, at what cost."""
    timed = [arm for arm in best_first(result.arms) if arm.measured]
    reference = result.reference_arm()
    compared = list(result.compared_arms())
    if not timed:
        return _nothing_timed(result)
    if reference is None or not compared:
        return _times_alone(result, timed)
    best = min(compared, key=_order)
    pieces = [*_verdict(best, reference, result), *_costs(best), *_agreement(best, compared)]
    return sentence(*pieces, ".", role="answer")


def others(result: BenchResult) -> Sentence | None:
    """The second line: the arms that the first one leaves out, in groups."""
    timed = sorted(result.compared_arms(), key=_order)[1:]
    timed = timed if result.reference_arm() else []
    if not any(arm.measured for arm in result.arms):
        return None
    groups = [
        _group("Also faster", [_with_factor(a) for a in timed if a.verdict == "faster"]),
        _group("No difference that matters", [_name(a) for a in timed if a.verdict == "same"]),
        _group("Can't tell yet", [_name(a) for a in timed if a.verdict == "unclear"]),
        _group("Slower", [_with_factor(a) for a in timed if a.verdict == "slower"]),
        _group("Failed", [_name(a) for a in result.arms if a.status == "failed"]),
        _group("Skipped", [_name(a) for a in result.arms if a.status == "skipped"]),
    ]
    said = [group for group in groups if group]
    return sentence(" ".join(said)) if said else None


def _order(arm: Arm) -> tuple[int, float]:
    return _RANK.get(arm.verdict or "unclear", 2), -(arm.speedup or 0.0)


def _name(arm: Arm) -> str:
    return abridge(arm.name, NAME_LIMIT)


def _nothing_timed(result: BenchResult) -> Sentence:
    failed = [arm for arm in result.arms if arm.status == "failed"]
    if failed:
        who = _name(failed[0]) if len(failed) == 1 else f"all {len(failed)} that were tried"
        why = f": {who} failed."
    else:
        why = ": stopped before the first round was complete." if result.partial else "."
    return sentence(Span("Nothing was timed", "bad"), why, role="answer")


def _times_alone(result: BenchResult, timed: list[Arm]) -> Sentence:
    """Times without a comparison: one arm, or a reference that failed."""
    best = min(timed, key=lambda arm: arm.median or math.inf)
    who = "The cell" if best.name == "plain" else _name(best)
    scale = time_scale(best.median or 0.0, half_width(best.interval))
    pieces: Pieces = [Span(f"{who} takes {scale.text(best.median or 0.0)}", "strong"), " per call"]
    if best.interval is not None and all(map(math.isfinite, best.interval)):
        pieces.append(f" (median; 95 % interval {scale.span(best.interval)})")
    pieces += _costs(best)
    if len(result.arms) > 1 and result.reference_arm() is None:
        pieces.append(f"; there is nothing to compare with, since {result.reference} was not timed")
    return sentence(*pieces, ".", role="answer")


def _verdict(arm: Arm, reference: Arm, result: BenchResult) -> Pieces:
    ratio = Ratio(arm.speedup or math.nan, arm.speedup_interval)
    name, other = _name(arm), _name(reference)
    match arm.verdict:
        case "faster":
            return [Span(f"{name} is {ratio} faster", "good"), f" than {other}", _bracket(ratio)]
        case "slower":
            turned = ratio.inverse
            return [Span(f"{name} is {turned} slower", "bad"), f" than {other}", _bracket(turned)]
        case "same":
            between = f" between {name} and {other}: within 2 %"
            return [Span("No difference that matters", "strong"), between]
        case _:
            where = f": {ratio.span('x')}" if ratio.span() else ""
            more = f"; give it more time with --time {_longer(result):g}"
            whether = f" whether {name} is faster than {other}{where}{more}"
            return [Span("Can't tell yet", "strong"), whether]


def _bracket(ratio: Ratio) -> str:
    return f" ({ratio.span()})" if ratio.span() else ""


def _longer(result: BenchResult) -> float:
    """Seconds that should settle it: what a note advises, or four times what was spent.

    Four times as many rounds halve the intervals.
    """
    advised = re.search(r"--time (\d+(?:\.\d+)?)", " ".join(result.notes))
    if advised:
        return float(advised[1])
    measured = sum(sum(arm.samples) * arm.calls for arm in result.arms)
    compiling = sum(arm.compile_seconds or 0.0 for arm in result.arms)
    if not result.hosts and any(
        arm.ranks for arm in result.arms
    ):  # most of the time went into starting processes
        spent = sum(sum(map(sum, arm.ranks)) * arm.calls for arm in result.arms)
    else:
        spent = max(measured, result.seconds - compiling)
    wanted = 4 * spent
    return next((time for time in _NICE_TIMES if time >= wanted), math.ceil(wanted))


def _costs(arm: Arm) -> Pieces:
    """What the speed costs once, and whether it comes back."""
    cost = arm.compile_seconds or 0.0
    if cost < _WORTH_SAYING:
        return []
    price = f"costs {seconds(cost, digits=2)} once"
    if arm.verdict == "faster" and arm.break_even_calls is not None:
        calls = "call" if arm.break_even_calls == 1 else "calls"
        return [
            f", {price}, pays off after {about(arm.break_even_calls)} {calls}",
            pay_off_span(arm),
        ]
    if arm.verdict == "faster" and arm.break_even_interval is not None:
        least = about(arm.break_even_interval[0])
        return [f", {price} and perhaps never pays off, not before {least} calls"]
    if arm.verdict == "slower":
        return [f", {price} and never pays off"]
    return [f", {price}"] if arm.verdict == "faster" else [f"; {_name(arm)} {price}"]


def pay_off_span(arm: Arm) -> str:
    """The interval of the calls to pay off, in brackets; empty where it says nothing more."""
    if arm.break_even_calls is None or arm.break_even_interval is None:
        return ""
    low, high = arm.break_even_interval
    if high is None:
        return f" (from {about(low)})"
    ends = about(low), about(high)
    return "" if set(ends) == {about(arm.break_even_calls)} else f" ({ends[0]} to {ends[1]})"


def _agreement(arm: Arm, compared: list[Arm]) -> Pieces:
    """Whether the answers agree; a disagreement has an alert of its own before this line."""
    if arm.agrees is None:
        reason = shorten(arm.agreement, 160).removeprefix("not compared").strip(" :")
        return [f"; answers not compared{f': {reason}' if reason else ''}"]
    if not arm.agrees:
        but = "" if arm.verdict == "unclear" else "but "
        return [f"; {but}", Span("its answers differ", "bad")]
    everyone = len(compared) > 1 and all(each.agrees for each in compared)
    error = max((each.max_error or 0.0) for each in (compared if everyone else [arm]))
    known = arm.max_error is not None
    extent = " exactly" if known and error == 0 else f" to {tiny(error)}" if known else ""
    return [f"; {'all ' if everyone else ''}answers agree{extent}"]


def _with_factor(arm: Arm) -> str:
    ratio = Ratio(arm.speedup or math.nan, arm.speedup_interval)
    return f"{_name(arm)} {ratio.inverse if arm.verdict == 'slower' else ratio}"


def _group(title: str, names: list[str]) -> str:
    if not names:
        return ""
    more = len(names) - _NAMES_IN_A_GROUP
    shown = names if more <= 1 else [*names[:_NAMES_IN_A_GROUP], f"{more} more"]
    return f"{title}: {', '.join(shown)}."


def alerts(result: BenchResult) -> list[Sentence]:
    """What has to be read before any speed: a partial result, answers that differ."""
    said = []
    if result.partial and result.rounds:
        when = f": stopped after {plural(result.rounds, 'round')}, so take it as a first look."
        said.append(_alert("Partial result", when))
    differing = [arm for arm in result.arms if arm.agrees is False]
    for arm in differing[:_NAMES_IN_A_GROUP]:
        what = f": {shorten(arm.agreement, 240)}" if arm.agreement else ""
        whose = f" from those of {abridge(result.reference, NAME_LIMIT)}"
        said.append(_alert(f"The answers of {_name(arm)} differ", f"{whose}{what}."))
    more = len(differing) - _NAMES_IN_A_GROUP
    if more > 0:
        said.append(_alert(f"The answers of {more} more differ", ", too; the table names them."))
    return said


def _alert(strong: str, rest: str, tone: Tone = "bad") -> Sentence:
    return sentence(Span(strong, tone), rest, role="alert")
