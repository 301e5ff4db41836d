"""How many calls make a block long enough for the clock, and short enough for the budget."""

from __future__ import annotations

import math

from dlmagic.magics.bench.block import run_block
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.runner import Runner

_ATTEMPTS = 4
_CLOSE_ENOUGH = 0.8  # of the shortest block: noise must not double the calls
_GROWTH = 10  # at most, from one attempt to the next


def calibrate(
    runner: Runner, clock: Clock, *, level: float, min_block: float, max_block: float
) -> int:
    """Calls per block so that a block lasts at least ``min_block`` seconds.

    Args:
        runner: A runner that is warm.
        clock: The clock of the measurement.
        level: Seconds a call, as the warm-up saw it.
        min_block: Seconds that a block should last.
        max_block: Seconds that it must not exceed, which wins.

    Returns:
        At least 1, however slow a call is.
    """
    calls = _fitting(level, min_block, max_block)
    for _ in range(_ATTEMPTS):
        if calls == 1 and level >= min_block:
            break
        block = run_block(runner, clock, calls)
        if block.seconds >= _CLOSE_ENOUGH * min_block:
            break
        wanted = _fitting(block.per_call, min_block, max_block)
        if wanted <= calls:
            break
        calls = min(wanted, _GROWTH * calls)
    return calls


def common_count(counts: list[int], levels: list[float], max_block: float) -> int:
    """One count for all runners: the largest wanted that the slowest runner can bear.

    Args:
        counts: Calls per block that each runner wants.
        levels: Seconds a call of each.
        max_block: Seconds that no block should exceed.
    """
    return max(1, min(max(counts), int(max_block / max(levels))))


def _fitting(per_call: float, min_block: float, max_block: float) -> int:
    return max(1, min(math.ceil(min_block / per_call), int(max_block / per_call)))
