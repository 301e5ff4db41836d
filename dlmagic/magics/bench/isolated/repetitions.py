"""How many fresh processes, in which order, and what they answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.isolated.task import Answer, Parcel, Task
from dlmagic.magics.bench.order import Turns
from dlmagic.magics.bench.request import Request
from dlmagic.magics.bench.result import BenchResult

REPETITIONS = 5
FEWEST, MOST = 3, 30
_SHORT, _LONG = 0.2, 1.0
"""Seconds that a process measures: with less of it there are fewer of them, with more, more."""

Launch = Callable[[Task], Answer]


@dataclass(frozen=True)
class Plan:
    """How the budget is spent.

    Attributes:
        repetitions: Processes of each arm.
        seconds: Measuring budget of each process.
    """

    repetitions: int
    seconds: float

    @classmethod
    def of(cls, seconds: float, arms: int) -> Plan:
        """Share a budget among the processes of some arms; starting them is not counted."""
        share = seconds / arms
        repetitions = REPETITIONS
        if share / repetitions < _SHORT:
            repetitions = max(FEWEST, int(share / _SHORT))
        elif share / repetitions > _LONG:
            repetitions = min(MOST, int(share / _LONG))
        return cls(repetitions, share / repetitions)


@dataclass
class Series:
    """The processes of one arm.

    Attributes:
        results: What each measured, by the number of its repetition.
        failure: Why one of them failed, or None.
    """

    results: dict[int, BenchResult] = field(default_factory=dict)
    failure: Answer | None = None

    @property
    def arms(self) -> list[Arm]:
        """The arm as each process saw it."""
        return [result.arms[0] for result in self.results.values()]


@dataclass
class Repetitions:
    """All processes of a benchmark; whole at every moment.

    Attributes:
        names: The arms, in the user's order.
        plan: How many, and how long.
        series: What is known, by arm.
        interrupted: Whether the user stopped it.
    """

    names: tuple[str, ...]
    plan: Plan
    series: dict[str, Series]
    interrupted: bool = False

    @property
    def complete(self) -> int:
        """Repetitions in which every arm that has not failed had its process."""
        alive = [each for each in self.series.values() if each.failure is None]
        return min((len(each.results) for each in alive), default=0)


def repeat(
    choices: Sequence[Choice],
    parcel: Parcel,
    request: Request,
    launch: Launch,
    tell: Callable[[str], object],
) -> Repetitions:
    """Run every arm in one process after the other; in each repetition the order is another.

    An interrupt ends it; the processes that have answered by then are kept. An arm that fails
    has no more processes, and stops no other.
    """
    names = tuple(choice.name for choice in choices)
    plan = Plan.of(request.seconds, len(names))
    done = Repetitions(names, plan, {name: Series() for name in names})
    by_name = {choice.name: choice for choice in choices}
    turns = Turns(np.random.default_rng(request.seed))
    try:
        for number in range(plan.repetitions):
            alive = tuple(name for name in names if done.series[name].failure is None)
            for name in turns.next_order(alive) if alive else ():
                tell(f"fresh process {number + 1} of {plan.repetitions} for {name}")
                task = _task(by_name[name], parcel, request, plan, number)
                _note(done.series[name], number, launch(task))
    except KeyboardInterrupt:
        done.interrupted = True
    return done


def _task(choice: Choice, parcel: Parcel, request: Request, plan: Plan, number: int) -> Task:
    return Task(
        name=choice.name,
        source=choice.subject.cell.source,
        mode=choice.mode,
        seconds=plan.seconds,
        seed=request.seed + number,
        check=request.check,
        rtol=request.rtol,
        atol=request.atol,
        parcel=parcel,
    )


def _note(series: Series, number: int, answer: Answer) -> None:
    if answer.result is None:
        series.failure = answer
        return
    arm = answer.result.arms[0]
    if arm.measured and arm.samples:
        series.results[number] = answer.result
    else:
        series.failure = Answer(answer.result, arm.reason or "nothing was timed", arm.line)
