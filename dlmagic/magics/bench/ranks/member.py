"""One rank of a benchmark: what runs on an engine for ``%%dlbench --on``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dlmagic.cell.output import Output, PrintsOnce, StreamOutput
from dlmagic.cluster.there.cell import received
from dlmagic.cluster.there.here import Here
from dlmagic.cluster.there.meeting import enter
from dlmagic.frameworks.collectives import barrier_for
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.ranks.clock import RanksClock
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult

_PAUSE = 0.25
"""Seconds between two lines of progress."""


def time_cell(
    here: Here,
    door: dict[str, Any],
    source: Mapping[str, Any],
    options: Mapping[str, Any],
    patience: float,
) -> dict[str, Any] | None:
    """Time a cell together with all other ranks.

    Args:
        here: The engine.
        door: Where the ranks meet.
        source: The cell, taken apart.
        options: Fields of a :class:`Request`.
        patience: Seconds that ranks wait for each other.

    Returns:
        The result as plain data on rank 0, None on the others.
    """
    modes = options["modes"]
    request = Request(
        received(source),
        here.namespace,
        **{**options, "modes": None if modes is None else tuple(modes)},
    )
    with enter(here, door, patience) as meeting, here.attention.gently():
        barrier = barrier_for(here.size)
        all_have = meeting.meet(barrier is not None, all)
        clock = RanksClock(here.rank, meeting, here.attention, barrier if all_have else None)
        surroundings = Surroundings(_output(here), tell=_progress(here), shared=clock)
        result = bench_cell(request, surroundings)
        if not result.partial:
            result = _agreed(result, clock)
    return result.to_dict() if here.is_first else None


def _output(here: Here) -> Output:
    """What the cell prints is shown once, by the first rank."""
    output = PrintsOnce(StreamOutput())
    if not here.is_first:
        output.mute()
    return output


def _progress(here: Here) -> Callable[[str], None]:
    """Tells how far the first rank has come, not more often than a reader follows."""
    last = [0.0]

    def tell(line: str) -> None:
        if here.is_first and time.monotonic() >= last[0] + _PAUSE:
            last[0] = time.monotonic()
            here.tell(line)

    return tell


def _agreed(result: BenchResult, clock: RanksClock) -> BenchResult:
    """The result with what other ranks found about the same arms."""
    own = {arm.name: [arm.status, arm.reason, arm.agrees, arm.agreement] for arm in result.arms}
    ranks = clock.all_of(own)
    arms = tuple(_arm(arm, [each[arm.name] for each in ranks]) for arm in result.arms)
    return replace(result, arms=arms)


def _arm(arm: Arm, ranks: list[list[Any]]) -> Arm:
    """One arm; where a rank failed or has other answers, what the first such rank says."""
    for rank, (status, reason, _, _) in enumerate(ranks):
        if status == "failed" and arm.status != "failed":
            return replace(arm, status=status, reason=f"on rank {rank}: {reason}")
    for wanted in (False, None):
        for rank, (_, _, agrees, agreement) in enumerate(ranks):
            if agrees is wanted and arm.agrees is not wanted:
                return replace(arm, agrees=agrees, agreement=f"on rank {rank}: {agreement}")
            if agrees is wanted:
                return arm
    return arm
