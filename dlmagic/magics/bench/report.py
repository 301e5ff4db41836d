"""From what happened in a run to the result that the user reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.break_even import break_even, gain_of
from dlmagic.magics.bench.comparisons import second_copy_of
from dlmagic.magics.bench.compile_cost import compile_cost_of, findings_about_cache
from dlmagic.magics.bench.contestants import Contestant
from dlmagic.magics.bench.eager_parts import findings_about_eager_parts
from dlmagic.magics.bench.first_run import findings_about_first_runs
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.noise import findings_about_noise, threads_used
from dlmagic.magics.bench.ranks.company import Company
from dlmagic.magics.bench.ranks.report import with_ranks
from dlmagic.magics.bench.request import Request
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.run import Run
from dlmagic.magics.bench.timing import Timing, budget_note, timings_of


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
    timings = timings_of(measurement) if measurement else {}
    arms = tuple(
        _arm(name, contestant, measurement, timings.get(name), reference, run.company.get(name))
        for name, contestant in run.contestants.items()
    )
    null = second_copy_of(measurement) if measurement else None
    budget = budget_note(measurement, request.sharing) if measurement else None
    environment = _environment(run)
    choices = [contestant.choice for contestant in run.contestants.values()]
    return BenchResult(
        arms=arms,
        reference=reference,
        cell=request.source.text,
        partial=run.interrupted,
        seconds=seconds,
        rounds=len(measurement.rounds) if measurement else 0,
        null_speedup=null.speedup if null else None,
        null_interval=null.interval if null else None,
        cold=request.cold,
        notes=(*notes, *run.notes, *((budget,) if budget else ())),
        findings=(
            *run.findings,
            *_first_runs(run),
            *findings_about_noise(measurement, threads_used(choices, environment)),
        ),
        environment=environment,
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
    timing: Timing | None,
    reference: str,
    company: Company | None,
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
    if timing is None or contestant.status != "ok":
        return arm
    arm = _with_times(contestant.costs.added_to(arm), timing)
    if measurement is not None:
        arm = with_ranks(arm, measurement.blocks(name), company)
    if name == reference or arm.median is None or measurement is None:
        return arm
    return _with_compiling(arm, contestant, timing, measurement)


def _first_runs(run: Run) -> tuple[Finding, ...]:
    """What is kept from run to run, for each alternative."""
    subjects = {id(each.choice.subject): each.choice.subject for each in run.contestants.values()}
    return findings_about_first_runs(list(subjects.values()))


def _eager_parts(
    contestant: Contestant, name: str, measurement: Measurement | None
) -> tuple[Finding, ...]:
    warm_up = measurement.warm_ups.get(name) if measurement else None
    return findings_about_eager_parts(contestant.events, warm_up.events if warm_up else {})


def _with_times(arm: Arm, timing: Timing) -> Arm:
    comparison = timing.comparison
    known = math.isfinite(timing.median)
    return replace(
        arm,
        samples=timing.samples,
        calls=timing.calls,
        median=timing.median if known else None,
        interval=timing.interval,
        speedup=comparison.speedup if known else None,
        speedup_interval=comparison.interval if known else None,
        verdict=comparison.verdict if known else None,
        findings=(*arm.findings, *(_finding(note) for note in timing.notes)),
    )


def _with_compiling(
    arm: Arm, contestant: Contestant, timing: Timing, measurement: Measurement
) -> Arm:
    """What compiling cost, and when it has paid off; nothing where nothing was compiled."""
    cost = compile_cost_of(contestant, timing)
    if cost is None:
        return arm
    gain = gain_of(*measurement.pairs(timing.name), timing.calls)
    paid_off = break_even(cost.seconds, cost.interval, gain, timing.comparison.verdict)
    return replace(
        arm,
        compile_seconds=cost.seconds,
        compile_interval=cost.interval,
        compile_phases=dict(cost.phases),
        compile_cache=cost.cache,
        break_even_calls=paid_off.calls,
        break_even_interval=paid_off.interval,
        findings=(*arm.findings, *findings_about_cache(cost)),
    )


def _finding(note: str) -> Finding:
    kind = "recompile" if "ompiled" in note else "unsteady"
    return Finding(kind=kind, level="warning", message=note)
