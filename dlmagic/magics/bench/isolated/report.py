"""From the answers of fresh processes to the result that the user reads."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from dlmagic.cell.compare import Agreement
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.magics.bench.arm_result import Arm, Status
from dlmagic.magics.bench.break_even import BreakEven, Gain, break_even
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.conditions import other_conditions
from dlmagic.magics.bench.isolated.repetitions import Repetitions, Series
from dlmagic.magics.bench.paired import Comparison
from dlmagic.magics.bench.processes import (
    centre,
    compare_processes,
    gain_of_processes,
    time_interval,
)
from dlmagic.magics.bench.request import Request
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.several import corrected

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
    return BenchResult(
        arms=_compared(arms, done, reference),
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


def _compared(arms: Sequence[Arm], done: Repetitions, reference: str) -> tuple[Arm, ...]:
    """The arms with their speedups, from the repetitions that each shares with the reference."""
    pairs = {
        arm.name: _shared(done.series[reference], done.series[arm.name])
        for arm in arms
        if arm.measured and arm.name != reference and done.series[reference].failure is None
    }
    found = corrected({name: compare_processes(*pair) for name, pair in pairs.items()})
    return tuple(
        _with_speedup(arm, found[arm.name], gain_of_processes(*pairs[arm.name]))
        if arm.name in found
        else _as_reference(arm, reference)
        for arm in arms
    )


def _as_reference(arm: Arm, reference: str) -> Arm:
    if not arm.measured or arm.name != reference:
        return arm
    return replace(arm, speedup=1.0, speedup_interval=(1.0, 1.0), verdict="reference")


def _shared(reference: Series, other: Series) -> tuple[list[float], list[float]]:
    """Seconds a call of both, in the repetitions that both have."""
    shared = sorted(reference.results.keys() & other.results.keys())
    first, second = (
        [centre(series.results[number].arms[0].samples) for number in shared]
        for series in (reference, other)
    )
    return first, second


def _with_speedup(arm: Arm, found: Comparison, gain: Gain) -> Arm:
    if not math.isfinite(found.speedup):
        return arm
    paid_off = BreakEven()
    if arm.compile_seconds is not None:
        paid_off = break_even(arm.compile_seconds, arm.compile_interval, gain, found.verdict)
    return replace(
        arm,
        speedup=found.speedup,
        speedup_interval=found.interval,
        verdict=found.verdict,
        break_even_calls=paid_off.calls,
        break_even_interval=paid_off.interval,
    )


def _note_on_conditions(done: Repetitions, here: Environment) -> tuple[str, ...]:
    """What could not be set in the fresh processes as it is in the notebook."""
    for series in done.series.values():
        for result in series.results.values():
            other = other_conditions(result.environment, here)
            if other is not None:
                return (f"The fresh processes ran with {other[0]}; here it is {other[1]}.",)
    return ()
