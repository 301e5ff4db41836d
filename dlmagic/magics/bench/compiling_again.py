"""Compiling once more what compiles quickly: how much does its cost vary?

It happens after everything else, so that nothing that is timed can notice. Each repetition
prepares the mode anew, from a fresh copy of the cell's code, and calls it once; what was
compiled before keeps its caches. A repetition that finds a part of the work done, in memory or
on disk, is none, and is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from dlmagic.cell.output import Output
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.contestants import Contestant, make_ready

REPETITIONS = 5
"""With the first one six values, whose range is a 95 % interval of the median (binomial)."""
_CHEAP = 0.5  # seconds to prepare a mode and call it once
_SHARE = 0.3  # of the measuring budget, for all modes together and on top of it
_COMPILING = {"compile", "recompile"}


def compile_again(
    contestants: Iterable[Contestant],
    output: Output,
    clock: Clock,
    seconds: float,
    tell: Callable[[str], object],
) -> None:
    """Repeat the cheap compilations among some modes, and note what each took.

    Args:
        contestants: All modes, timed.
        output: Where the cell's output goes.
        clock: Where time is read.
        seconds: The measuring budget.
        tell: Shows one line of progress.
    """
    left = _SHARE * seconds
    cheap = [contestant for contestant in contestants if _can_be_repeated(contestant)]
    for contestant in sorted(cheap, key=lambda each: each.ready_seconds):
        if REPETITIONS * contestant.ready_seconds > left:
            break
        tell(f"compiling {contestant.choice.name} again")
        start = clock.now()
        contestant.compiled_again = _repetitions(contestant, output, clock, start + 2 * left)
        left -= clock.now() - start


def _can_be_repeated(contestant: Contestant) -> bool:
    """Whether a repetition would be cheap and true.

    What has just been written to a disk cache would be loaded from there. Code around a graph
    break is compiled function by function, and those are the user's own.
    """
    return (
        contestant.runner is not None
        and contestant.runner.prepared.repeatable
        and contestant.compiles
        and contestant.events.keys() <= _COMPILING
        and contestant.compile_costs.cache != "cold"
        and contestant.first_seconds <= _CHEAP
    )


def _repetitions(
    contestant: Contestant, output: Output, clock: Clock, end: float
) -> tuple[tuple[float, CompileCosts], ...]:
    """What each repetition took, or nothing where one was no true one or ended too late."""
    done: list[tuple[float, CompileCosts]] = []
    for _ in range(REPETITIONS):
        subject = contestant.choice.subject
        fresh = replace(subject, cell=replace(subject.cell))  # code objects of its own
        made = make_ready(replace(contestant.choice, subject=fresh), output, clock, keep=False)
        if not _did_the_same(contestant, made) or clock.now() > end:
            return ()
        done.append((made.first_seconds, made.compile_costs))
    return tuple(done)


def _did_the_same(first: Contestant, again: Contestant) -> bool:
    """Whether the second compilation did all the work of the first."""
    return (
        again.status == "ok"
        and again.events.keys() <= _COMPILING
        and sum(again.events.values()) == sum(first.events.values())
        and (again.compile_costs.steps, again.compile_costs.cache)
        == (first.compile_costs.steps, first.compile_costs.cache)
    )
