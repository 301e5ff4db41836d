"""From the answers of fresh processes to the result that the user reads."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from dlmagic.cell.compare import Agreement
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.conditions import other_conditions
from dlmagic.magics.bench.isolated.repetitions import Repetitions, Series
from dlmagic.magics.bench.paired import break_even_calls
from dlmagic.magics.bench.processes import centre, compare_processes, time_interval
from dlmagic.magics.bench.request import Request
from dlmagic.magics.bench.result import Arm, BenchResult, Status

Across = Callable[[Choice], Agreement | None]
"""How the alternative of a choice agrees with that of the reference; None for its own."""


def isolated_result(
    request: Request,
    choices: Sequence[Choice],
    reference: str,
    done: Repetitions,
    across: Across,
    environment: Environment,
    seconds: float,
    notes: tuple[str, ...] = (),
) -> BenchResult:
    """Everything that is known, partial or whole.

    Args:
        request: What was asked for.
        choices: The arms, in the user's order.
        reference: Name of the arm that the others are compared with.
        done: The answers.
        across: Compares alternatives with each other.
        environment: Where the notebook runs.
        seconds: How long all of it took.
        notes: What else the user should know.
    """
    arms = [_arm(choice, done.series[choice.name], across) for choice in choices]
    compared = tuple(_compared(arm, done, reference) for arm in arms)
    return BenchResult(
        arms=compared,
        reference=reference,
        cell=request.source.text,
        partial=done.interrupted,
        seconds=seconds,
        rounds=done.complete,
        notes=(*notes, *_note_on_conditions(done, environment)),
        environment=environment,
    )


def _arm(choice: Choice, series: Series, across: Across) -> Arm:
    """What its processes say of one arm, without a comparison of its times."""
    arm = Arm(name=choice.name, mode=choice.mode, block=choice.subject.block)
    if series.failure is not None:
        failed = series.failure
        skipped = failed.result is not None and failed.result.arms[0].status == "skipped"
        status: Status = "skipped" if skipped else "failed"
        return replace(arm, status=status, reason=failed.reason, line=failed.line)
    if not series.results:
        return replace(arm, status="skipped", reason="interrupted before its turn")
    seen = series.arms
    times = [centre(each.samples) for each in seen]
    compiling = [c for each in seen if (c := each.compile_seconds) is not None]
    agreement = _agreement(seen, across(choice))
    return replace(
        arm,
        samples=tuple(times),
        ranks=tuple(each.samples for each in seen),
        calls=seen[0].calls,
        median=statistics.median(times),
        interval=time_interval(times),
        compile_seconds=statistics.median(compiling) if compiling else None,
        findings=_findings(seen),
        agrees=agreement.agrees,
        agreement=agreement.reason,
        max_error=agreement.max_error,
    )


def _findings(seen: Iterable[Arm]) -> tuple[Finding, ...]:
    """What any process found, each thing once."""
    return tuple(dict.fromkeys(finding for arm in seen for finding in arm.findings))


def _agreement(seen: Sequence[Arm], across: Agreement | None) -> Agreement:
    """Whether every process' answers were those of the alternative as it is, there.

    Alternatives were compared with each other in the notebook, by their first runs.
    """
    own = next((arm for arm in seen if arm.agrees is False), None)
    own = own or next((arm for arm in seen if arm.agrees is None), seen[0])
    if across is not None and (across.agrees is not True or own.agrees is True):
        return across
    errors = [arm.max_error for arm in seen if arm.max_error is not None]
    return Agreement(own.agrees, own.agreement, max(errors) if errors else None)


def _compared(arm: Arm, done: Repetitions, reference: str) -> Arm:
    """The arm with its speedup, from the repetitions that it shares with the reference."""
    if not arm.measured:
        return arm
    if arm.name == reference:
        return replace(arm, speedup=1.0, speedup_interval=(1.0, 1.0), verdict="reference")
    theirs, ours = done.series[reference], done.series[arm.name]
    if theirs.failure is not None:
        return arm
    shared = sorted(theirs.results.keys() & ours.results.keys())
    found = compare_processes(
        [centre(theirs.results[number].arms[0].samples) for number in shared],
        [centre(ours.results[number].arms[0].samples) for number in shared],
    )
    if not math.isfinite(found.speedup):
        return arm
    return replace(
        arm,
        speedup=found.speedup,
        speedup_interval=found.interval,
        verdict=found.verdict,
        break_even_calls=_break_even(arm, theirs, found.verdict),
    )


def _break_even(arm: Arm, reference: Series, verdict: str) -> int | None:
    if arm.compile_seconds is None or arm.median is None or verdict != "faster":
        return None
    usual = statistics.median(centre(each.samples) for each in reference.arms)
    return break_even_calls(arm.compile_seconds, usual, arm.median)


def _note_on_conditions(done: Repetitions, here: Environment) -> tuple[str, ...]:
    """What could not be set in the fresh processes as it is in the notebook."""
    for series in done.series.values():
        for result in series.results.values():
            other = other_conditions(result.environment, here)
            if other is not None:
                return (f"The fresh processes ran with {other[0]}; here it is {other[1]}.",)
    return ()
