"""The stages of a benchmark: first runs, every mode made ready, timing, the second check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from dlmagic.cell.checking import Checker, Checks
from dlmagic.cell.compare import Agreement, Tolerance
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.output import Output, unheard
from dlmagic.cell.subject import Subject
from dlmagic.errors import CellError
from dlmagic.finding import Finding
from dlmagic.magics.bench.changed_start import findings_about_changed_starts
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.cold import flush_for
from dlmagic.magics.bench.compiling_again import compile_again
from dlmagic.magics.bench.contestants import Contestant, Stopwatch, call_once, make_ready
from dlmagic.magics.bench.growth import refuse_growth, sizes_of
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.measurement import Progress
from dlmagic.magics.bench.memoised import watching_memoised
from dlmagic.magics.bench.probing import Probes
from dlmagic.magics.bench.ranks.company import look_at_company
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.run import Run
from dlmagic.magics.bench.timed_arm import timed_arms
from dlmagic.magics.bench.unused import findings_about_unused_values


def first_runs(
    subjects: Sequence[Subject],
    reference: Subject,
    request: Request,
    surroundings: Surroundings,
) -> Checks:
    """Run every alternative as it is: an error is the user's own, and nothing is timed.

    The first run shows its output, this once, and makes what a cell makes only once, such as
    an optimiser's buffers. The second is what the modes are compared with. What a run writes
    to is copied before, so that it can be put back ever after.

    Raises:
        CellError: The cell uses something up and cannot run a second time, or makes something
            larger by more and more.
        BaseException: What the cell raises.
    """
    tolerance, output = Tolerance(request.rtol, request.atol), surroundings.output
    own: dict[str | None, Checker] = {}
    first: dict[str | None, Checker] = {}
    for subject in subjects:
        surroundings.tell(f"first run of {subject.block}" if subject.block else "first run")
        subject.start.restore()  # its own definitions, not those of the one before
        try:
            produced, outcome, draws = _first_two_runs(subject, output, surroundings.clock)
        finally:
            subject.start.restore()
        first[subject.block] = Checker(subject, subject.start, produced, tolerance, output, draws)
        own[subject.block] = Checker(subject, subject.snapshot, outcome, tolerance, output, draws)
    return Checks(own, first, reference.block)


def _first_two_runs(
    subject: Subject, output: Output, clock: Clock
) -> tuple[FrozenContainer, FrozenContainer, bool]:
    """What each produced, and whether it took random numbers for that."""
    sizes = [sizes_of(subject.start.reached)]
    _compiled = subject.cell.function  # before its first run is timed
    watched = Stopwatch(clock, subject.run)
    with output.shown(), subject.start.copying_first_writes():
        returned = watched({})
    first_seconds = watched.seconds
    sizes.append(sizes_of(subject.start.reached))
    produced = subject.produced(returned)
    subject.changes_state = bool(subject.start.changes())
    subject.keep_state()
    with unheard(output), subject.snapshot.copying_first_writes():
        returned = _run_again(watched, subject)
    subject.run_seconds = (first_seconds, watched.seconds - first_seconds)
    subject.changes_again = bool(subject.snapshot.changes())
    refuse_growth(*sizes, sizes_of(subject.start.reached))
    draws = subject.snapshot.draws_random_numbers()
    outcome = subject.outcome(returned)
    subject.watch(outcome)
    return produced, outcome, draws


def _run_again(run: Stopwatch[tuple[object, ...]], subject: Subject) -> tuple[object, ...]:
    try:
        return run({})
    except Exception as error:
        frame = subject.cell.frame_of(error)
        where = f"line {frame.tb_lineno}" if frame else "the cell"
        raise CellError(
            f"The cell runs once but not again: {where} raises {type(error).__name__}: {error}.",
            "To be timed it must run over and over: make inside it what it uses up.",
        ) from None


def run_all(
    choices: Sequence[Choice],
    reference: Choice,
    checks: Checks,
    request: Request,
    surroundings: Surroundings,
) -> Run:
    """Make all modes ready, time them, compare their answers again.

    An interrupt ends it; what is known by then is kept.
    """
    run = Run()
    made: dict[str, Contestant] = {}
    try:
        for choice in sorted(choices, key=lambda choice: choice is not reference):
            surroundings.tell(f"preparing {choice.name}")
            contestant = make_ready(
                choice, surroundings.output, surroundings.clock, keep=request.check
            )
            made[choice.name] = contestant
            _ready_everywhere(contestant, surroundings.measuring_clock)
            if contestant.outcome is not None:
                contestant.agreement = checks.check(choice.subject, contestant.outcome)
                contestant.outcome = None  # it may be large
        with watching_memoised(choice.subject.cell for choice in choices) as memoised:
            _time(run, made, reference, request, surroundings)
        run.findings += tuple(memoised)
        if not run.interrupted:
            _check_again(made, checks, surroundings)
            run.findings += _unused_values(choices, surroundings)
            run.findings += _changed_starts(choices, request, surroundings)
            _probe(run, made, request, surroundings)
            if surroundings.shared is None:
                _compile_again(made, request, surroundings)
            elif run.measurement is not None:
                run.company = look_at_company(made, run.measurement, surroundings.shared)
    except KeyboardInterrupt:
        run.interrupted = True
    run.contestants = {choice.name: made.get(choice.name) or _missed(choice) for choice in choices}
    return run


def _ready_everywhere(contestant: Contestant, clock: Clock) -> None:
    """A mode that does not run on every rank runs on none: the others would wait for it."""
    ready = contestant.runner is not None
    if not clock.everywhere(ready, f"{contestant.choice.name}: {contestant.reason}") and ready:
        contestant.skip("it does not run on every rank")


def _time(
    run: Run,
    made: dict[str, Contestant],
    reference: Choice,
    request: Request,
    surroundings: Surroundings,
) -> None:
    runners = [contestant.runner for contestant in made.values() if contestant.runner]
    if not runners:
        return
    flush = flush_for(reference.subject.frameworks) if request.cold else None
    if flush is not None:
        run.notes.append(flush.note)
    run.measurement = measure(
        runners,
        seconds=request.seconds,
        clock=surroundings.measuring_clock,
        seed=request.seed,
        same_calls=any(runner.subject.changes_state for runner in runners),
        on_progress=lambda progress: surroundings.tell(_in_words(progress)),
        reference=reference.name if made[reference.name].runner else None,
        flush=flush.run if flush else None,
    )
    run.interrupted = run.measurement.interrupted
    for name, failure in run.measurement.failures.items():
        made[name].fail(failure.error)


def _probe(
    run: Run, made: dict[str, Contestant], request: Request, surroundings: Surroundings
) -> None:
    """Measure what the arms cost beside time; nothing is timed after it."""
    if run.measurement is None:
        return
    probes = Probes(timed_arms(made, run.measurement), surroundings, run.notes)
    try:
        probes.run(request)
    except KeyboardInterrupt:
        run.notes.append("Stopped after timing: memory, energy or FLOPs are not complete.")
        raise


def _check_again(made: dict[str, Contestant], checks: Checks, surroundings: Surroundings) -> None:
    """A mode whose answers drift while it is timed is not the mode that was checked."""
    for name, contestant in made.items():
        first = contestant.agreement
        agrees = first is not None and first.agrees is True
        if contestant.runner is None or not surroundings.measuring_clock.everywhere(agrees):
            continue
        surroundings.tell(f"comparing the answers of {name}")
        again = checks.check(contestant.choice.subject, call_once(contestant.runner))
        if again.agrees is False:
            reason = f"agreed at first, but not after timing: {again.reason}"
            contestant.agreement = Agreement(False, reason, again.max_error)


def _unused_values(choices: Sequence[Choice], surroundings: Surroundings) -> tuple[Finding, ...]:
    """Look for them in alternatives that ran in several modes: one of these may skip work."""
    subjects = {id(choice.subject): choice.subject for choice in choices}
    modes = Counter(id(choice.subject) for choice in choices)
    return tuple(
        finding
        for key, subject in subjects.items()
        if modes[key] > 1
        for finding in findings_about_unused_values(subject, surroundings.output)
    )


def _changed_starts(
    choices: Sequence[Choice], request: Request, surroundings: Surroundings
) -> tuple[Finding, ...]:
    """Where one process measures alone: a rank that runs a cell by itself may wait for others."""
    if surroundings.shared is not None:
        return ()
    subjects = list({id(choice.subject): choice.subject for choice in choices}.values())
    clock, output = surroundings.clock, surroundings.output
    return tuple(findings_about_changed_starts(subjects, clock, output, request.seconds))


def _compile_again(
    made: dict[str, Contestant], request: Request, surroundings: Surroundings
) -> None:
    """Last of all, when whoever interrupts it has a whole result already."""
    output, clock = surroundings.output, surroundings.clock
    with suppress(KeyboardInterrupt):
        compile_again(made.values(), output, clock, request.seconds, surroundings.tell)


def _missed(choice: Choice) -> Contestant:
    """A mode that an interrupt kept from its turn."""
    contestant = Contestant(choice)
    contestant.skip("interrupted before its turn")
    return contestant


def _in_words(progress: Progress) -> str:
    if progress.phase == "warm-up":
        return f"warming up {progress.runner}"
    planned = f" of {progress.rounds_planned}" if progress.rounds_planned else ""
    left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left >= 1 else ""
    return f"round {progress.rounds_done + 1}{planned}{left}"
