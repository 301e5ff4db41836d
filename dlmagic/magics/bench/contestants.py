"""Every mode made ready and checked once; what cannot run says why and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dlmagic.cell.compare import Agreement
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.output import Output, unheard
from dlmagic.errors import ModeUnavailable
from dlmagic.finding import Finding
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.magics.bench.arm_result import Status
from dlmagic.magics.bench.block import difference
from dlmagic.magics.bench.cell_runner import CellRunner
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.costs import Costs

Returned = TypeVar("Returned")


@dataclass
class Contestant:
    """One alternative in one mode, and what became of it.

    Attributes:
        choice: Which.
        runner: Ready to be timed, or None where the mode cannot run.
        status: ``ok``, ``failed`` or ``skipped``.
        reason: Why it is not ``ok``, one sentence.
        line: The user's line where it failed, if known.
        events: What its framework's compiler counted in its first call.
        first_seconds: What preparing it and its first call took.
        ready_seconds: The same with everything around it, such as putting state back.
        compile_costs: What its framework told about compiling meanwhile.
        compiled_again: The same time and costs for each repetition, if there were any.
        outcome: What its first call produced.
        agreement: How that compares with the reference.
        findings: What the mode has to say.
        costs: What was measured of it after timing.
    """

    choice: Choice
    runner: CellRunner | None = None
    status: Status = "ok"
    reason: str = ""
    line: int | None = None
    events: Mapping[str, int] = field(default_factory=dict)
    first_seconds: float = 0.0
    ready_seconds: float = 0.0
    compile_costs: CompileCosts = field(default_factory=CompileCosts)
    compiled_again: tuple[tuple[float, CompileCosts], ...] = ()
    outcome: FrozenContainer | None = None
    agreement: Agreement | None = None
    findings: tuple[Finding, ...] = field(default=())
    costs: Costs = field(default_factory=Costs)

    @property
    def compiles(self) -> bool:
        """Whether preparing it or its first call compiled anything."""
        replaced = self.runner is not None and bool(self.runner.prepared.replacements)
        return replaced or bool(self.events)

    def fail(self, error: BaseException) -> None:
        """Note what a mode raised, in the framework's words where it has better ones."""
        cell = self.choice.subject.cell
        explained = self.choice.framework.explain_failure(error, cell.source.filename)
        reason, line = explained or (in_one_line(error), None)
        frame = cell.frame_of(error)
        self.status, self.reason, self.runner = "failed", reason, None
        self.line = line or (frame.tb_lineno if frame else None)

    def skip(self, reason: str) -> None:
        """Note why a mode was not run."""
        self.status, self.reason, self.runner = "skipped", reason, None


@dataclass
class Stopwatch(Generic[Returned]):
    """Runs the cell, and knows how long that took.

    Attributes:
        clock: Where time is read.
        run_once: Runs it with other values for some parameters.
        seconds: All runs together; a mode that wants to see one is not slower for it.
    """

    clock: Clock
    run_once: Callable[[Mapping[str, object]], Returned]
    seconds: float = 0.0

    def __call__(self, replaced: Mapping[str, object]) -> Returned:
        """Run it once more."""
        start = self.clock.now()
        try:
            return self.run_once(replaced)
        finally:
            self.seconds += self.clock.now() - start


def make_ready(choice: Choice, output: Output, clock: Clock, *, keep: bool) -> Contestant:
    """Prepare a mode and call it once, apart from all other timing.

    Args:
        choice: Which alternative in which mode.
        output: Where its output goes.
        clock: Where time is read.
        keep: Whether the outcome is wanted.

    Raises:
        KeyboardInterrupt: The user stopped it; state is put back.
    """
    contestant = Contestant(choice)
    subject = choice.subject
    begun, before = clock.now(), choice.framework.compile_costs()
    try:
        watched = Stopwatch(clock, subject.run_once)
        start = clock.now()
        with unheard(output):
            prepared = choice.framework.prepare(
                choice.mode, subject.cell, subject.arguments, watched
            )
        runner = CellRunner(choice.name, subject, choice.mode, choice.framework, prepared, output)
        contestant.findings = prepared.findings
        contestant.first_seconds = clock.now() - start - watched.seconds
        _first_call(contestant, runner, clock, keep=keep)
        contestant.compile_costs = choice.framework.compile_costs().since(before)
        contestant.runner = runner
    except ModeUnavailable as reason:
        contestant.skip(str(reason))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a cell may raise anything, SystemExit too
        contestant.fail(error)
    finally:
        subject.snapshot.restore()
    contestant.ready_seconds = clock.now() - begun
    return contestant


def call_once(runner: CellRunner) -> FrozenContainer:
    """Run a mode once from the starting state and keep what it produced."""
    runner.restore()
    try:
        runner.run(1)
        runner.synchronise()
        return _outcome(runner)
    finally:
        runner.restore()


def _first_call(contestant: Contestant, runner: CellRunner, clock: Clock, *, keep: bool) -> None:
    runner.restore()
    before = dict(runner.events())
    start = clock.now()
    runner.run(1)
    runner.synchronise()
    contestant.first_seconds += clock.now() - start
    contestant.events = difference(before, runner.events())
    if keep:
        contestant.outcome = _outcome(runner)
    runner.last = None  # a loss with its graph would be in the way of a capture by another mode


def _outcome(runner: CellRunner) -> FrozenContainer:
    assert isinstance(runner.last, tuple)
    return runner.subject.outcome(runner.last)


def in_one_line(error: BaseException) -> str:
    """The type and the text of an error, shortened."""
    text = " ".join(str(error).split())
    shortened = text if len(text) <= 200 else text[:199] + "…"
    return f"{type(error).__name__}: {shortened}" if text else type(error).__name__


def ready(contestants: Mapping[str, Contestant]) -> list[CellRunner]:
    """The runners of those that can be timed."""
    return [c.runner for c in contestants.values() if c.runner is not None]
