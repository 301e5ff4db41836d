"""From what happened in a run to the result that the user reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.contestants import Contestant
from dlmagic.magics.bench.eager_parts import findings_about_eager_parts
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.paired import break_even_calls
from dlmagic.magics.bench.request import Request
from dlmagic.magics.bench.result import Arm, BenchResult
from dlmagic.magics.bench.run import Run
from dlmagic.magics.bench.timing import Timing, budget_note, timing_of


def result_of(
    request: Request, reference: str, run: Run, seconds: float, notes: tuple[str, ...] = ()
) -> BenchResult:
    """Everything that is known, partial or whole.

    Args:
        request: What was asked for.
        reference: Name of the arm that the others are compared with.
        run: What happened.
        seconds: How long all of it took.
        notes: What else the user should know.
    """
    measurement = run.measurement
    reference_seconds = _reference_median(measurement)
    arms = tuple(
        _arm(name, contestant, measurement, reference, reference_seconds)
        for name, contestant in run.contestants.items()
    )
    budget = budget_note(measurement) if measurement else None
    return BenchResult(
        arms=arms,
        reference=reference,
        cell=request.source.text,
        partial=run.interrupted,
        seconds=seconds,
        rounds=len(measurement.rounds) if measurement else 0,
        notes=(*notes, *((budget,) if budget else ())),
        environment=_environment(run),
    )


def _environment(run: Run) -> Environment:
    """Where it ran, and how the frameworks that were loaded are set."""
    subjects = [contestant.choice.subject for contestant in run.contestants.values()]
    return environment_with(subjects[0].frameworks if subjects else ())


def environment_with(frameworks: Sequence[Framework]) -> Environment:
    """The environment of this process, with the settings of its frameworks."""
    settings = {framework.name: dict(framework.settings()) for framework in frameworks}
    return replace(
        Environment.capture(), settings={name: kept for name, kept in settings.items() if kept}
    )


def _arm(
    name: str,
    contestant: Contestant,
    measurement: Measurement | None,
    reference: str,
    reference_seconds: float,
) -> Arm:
    choice, agreement = contestant.choice, contestant.agreement
    arm = Arm(
        name=name,
        mode=choice.mode,
        block=choice.subject.block,
        status=contestant.status,
        reason=contestant.reason,
        line=contestant.line,
        agrees=agreement.agrees if agreement else None,
        agreement=agreement.reason if agreement else "not compared",
        max_error=agreement.max_error if agreement else None,
        findings=(*contestant.findings, *_eager_parts(contestant, name, measurement)),
    )
    if measurement is None or contestant.status != "ok" or name not in measurement.names:
        return arm
    timing = timing_of(measurement, name)
    return _with_times(arm, contestant, timing, name == reference, reference_seconds)


def _eager_parts(
    contestant: Contestant, name: str, measurement: Measurement | None
) -> tuple[Finding, ...]:
    warm_up = measurement.warm_ups.get(name) if measurement else None
    return findings_about_eager_parts(contestant.events, warm_up.events if warm_up else {})


def _with_times(
    arm: Arm, contestant: Contestant, timing: Timing, is_reference: bool, reference_seconds: float
) -> Arm:
    comparison = timing.comparison
    known = math.isfinite(timing.median)
    compiling = None if is_reference or not known else _compile_seconds(contestant, timing)
    paid_off = (
        break_even_calls(compiling, reference_seconds, timing.median)
        if compiling is not None and comparison.verdict == "faster"
        else None
    )
    return replace(
        arm,
        samples=timing.samples,
        calls=timing.calls,
        median=timing.median if known else None,
        interval=timing.interval,
        speedup=comparison.speedup if known else None,
        speedup_interval=comparison.interval if known else None,
        verdict=comparison.verdict if known else None,
        compile_seconds=compiling,
        break_even_calls=paid_off,
        findings=(*arm.findings, *(_finding(note) for note in timing.notes)),
    )


def _compile_seconds(contestant: Contestant, timing: Timing) -> float | None:
    """What the mode cost before its steady state; None where nothing was compiled.

    Preparing it and its first call, less what a steady call takes, and what the warm-up
    compiled after that.
    """
    if not contestant.compiles:
        return None
    return max(0.0, contestant.first_seconds - timing.median) + timing.compile_seconds


def _reference_median(measurement: Measurement | None) -> float:
    return timing_of(measurement, measurement.reference).median if measurement else math.nan


def _finding(note: str) -> Finding:
    kind = "recompile" if "ompiled" in note else "unsteady"
    return Finding(kind=kind, level="warning", message=note)
