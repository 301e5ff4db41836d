"""What the ranks cost each other, seen after timing: time in collectives, and time alone."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.frameworks import collectives
from dlmagic.frameworks.collectives import Communication
from dlmagic.magics.bench.block import time_calls
from dlmagic.magics.bench.clock import WallClock
from dlmagic.magics.bench.contestants import Contestant
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.ranks.clock import RanksClock
from dlmagic.magics.bench.runner import Runner

_FEWEST, _MOST = 2, 12
"""Calls that are watched, and blocks of rank 0 alone; fewer than six allow no interval."""
_SHARE = 0.1
"""Of the budget that all calls under watch may take, and all blocks alone again."""


@dataclass(frozen=True)
class Company:
    """What was seen of one arm.

    Attributes:
        communication: By call, what each rank communicated; empty where nobody tells.
        why_no_communication: Why it is not known.
        alone: Seconds a call of rank 0 while the others rest; empty where that is not possible.
        why_not_alone: Why it is not.
    """

    communication: tuple[tuple[Communication, ...], ...] = ()
    why_no_communication: str = ""
    alone: tuple[float, ...] = ()
    why_not_alone: str = ""


def look_at_company(
    made: Mapping[str, Contestant], measurement: Measurement, clock: RanksClock
) -> dict[str, Company]:
    """Look at every arm that has a time; all ranks do so together. One rank has no company."""
    if len(clock.all_of(None)) == 1:
        return {}
    timed = [name for name, each in made.items() if each.runner and measurement.samples(name)]
    found = {}
    for name in timed:
        runner, calls = made[name].runner, measurement.calls[name]
        assert runner is not None
        per_call = statistics.median(measurement.steady_samples(name))
        share = _SHARE * measurement.budget / len(timed)
        watched = clock.decided(_turns(share, per_call))
        blocks = clock.decided(_turns(share, per_call * calls))
        found[name] = _look_at(runner, watched, blocks, calls, clock)
    return found


def _turns(seconds: float, each: float) -> int:
    return max(_FEWEST, min(_MOST, int(seconds / each)))


def _look_at(runner: Runner, watched: int, blocks: int, calls: int, clock: RanksClock) -> Company:
    communication: tuple[tuple[Communication, ...], ...] = ()
    why_no_communication = "no framework tells what the ranks communicate"
    if clock.everywhere(collectives.can_be_told()):
        communication = _watch(runner, watched, clock)
        why_no_communication = ""
    why_not_alone = _why_not_alone(runner, communication, clock)
    alone = () if why_not_alone else _alone(runner, blocks, calls, clock)
    return Company(communication, why_no_communication, alone, why_not_alone)


def _watch(runner: Runner, calls: int, clock: RanksClock) -> tuple[tuple[Communication, ...], ...]:
    """Some calls, each watched on every rank."""
    with collectives.watching() as watch:
        for _ in range(calls):
            runner.restore()
            clock.line_up()
            with watch.piece():
                _call(runner)
    own = [[each.seconds, each.communicating, each.collectives] for each in watch.pieces()]
    by_rank = clock.all_of(own)
    by_call = zip(*by_rank, strict=True)
    return tuple(tuple(Communication(*values) for values in call) for call in by_call)


def _call(runner: Runner) -> None:
    runner.run(1)
    runner.synchronise()


def _why_not_alone(
    runner: Runner, communication: tuple[tuple[Communication, ...], ...], clock: RanksClock
) -> str:
    """Why rank 0 would wait for the others for ever; empty where it would not."""
    framework: str = clock.decided(collectives.joined_otherwise())
    if framework:
        return f"the processes of {framework} form one program"
    if not any(each.collectives for call in communication for each in call):
        return ""
    runner.restore()
    with collectives.watching() as watch, collectives.apart(), watch.piece():
        _call(runner)
    if clock.everywhere(not watch.pieces()[0].collectives):
        return ""
    return "the cell communicates outside of DistributedDataParallel, too"


def _alone(runner: Runner, blocks: int, calls: int, clock: RanksClock) -> tuple[float, ...]:
    """Seconds a call of rank 0, while the others wait for it to come to where they are."""
    samples = []
    clock.decided(None)
    for _ in range(blocks if clock.is_first else 0):
        runner.restore()
        with collectives.apart():
            samples.append(time_calls(runner, WallClock(), calls).per_call)
    return tuple(clock.decided(samples))
