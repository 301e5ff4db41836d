"""When enough has been measured: on the width of the interval, never on its verdict.

Stopping as soon as a difference looks real would find one in half of all equal pairs. The
width says nothing about which side wins, and is looked at only after rounds fixed
beforehand, each a full cycle of the balanced order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dlmagic.magics.bench.paired import median_interval, signed_rank_interval, walsh_averages

HALF_WIDTH = 0.005
"""Of the interval of the log speedup, below which more rounds would tell nothing new."""
MAXIMUM_ROUNDS = 1000
_GROWTH = 1.25


def checkpoints(cycle: int, minimum_rounds: int, maximum_rounds: int) -> tuple[int, ...]:
    """After how many rounds to look: whole cycles, each at least a quarter more than the last.

    Args:
        cycle: Rounds after which the order of the runners is balanced.
        minimum_rounds: The first look is not before these.
        maximum_rounds: The last look, at which the measurement ends.
    """
    cycles = math.ceil(minimum_rounds / cycle)
    points = []
    while cycles * cycle < maximum_rounds:
        points.append(cycles * cycle)
        cycles = max(cycles + 1, math.ceil(cycles * _GROWTH))
    return (*points, maximum_rounds)


def precise_speedup(reference: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the speedup of paired times is known to half a percent."""
    ratios = np.log(np.asarray(reference, float)) - np.log(np.asarray(other, float))
    interval = signed_rank_interval(walsh_averages(ratios), len(ratios))
    return interval is not None and (interval[1] - interval[0]) / 2 <= HALF_WIDTH


def precise_median(samples: Sequence[float]) -> bool:
    """Whether the median time of a lone runner is known to half a percent."""
    interval = median_interval(samples)
    return interval is not None and math.log(interval[1] / interval[0]) / 2 <= HALF_WIDTH
