"""From the time of every rank in every round to skew and straggler."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlmagic.magics.bench.paired import SAME_MARGIN, Comparison, compare_paired

Times = npt.NDArray[np.float64]
"""Seconds a call, with one row per round and one column per rank."""


@dataclass(frozen=True)
class Lag:
    """A rank that is slower than the others.

    Attributes:
        rank: Which.
        times: Its time divided by that of the middle one of the others.
        interval: 95 % interval of that.
    """

    rank: int
    times: float
    interval: tuple[float, float]


def skew_of(times: Times) -> float:
    """Median over the rounds of the slowest rank's time less the fastest one's."""
    return float(np.median(times.max(axis=1) - times.min(axis=1)))


_PARTS = 5
"""Stretches of the measurement in each of which a straggler is the slower one.

A neighbour that keeps a host busy for a while makes rounds alike that follow each other, which the
test takes for independent; a rank that lags for a while only is no straggler.
"""


def straggler_of(times: Times) -> Lag | None:
    """The rank that is surely slower than the others by more than 2 %, if there is one.

    It is compared with the middle one of the others, paired by round, as arms are. Since the
    slowest of many is looked at, the chance of naming any by chance is kept at 5 % by Bonferroni's
    method: the p-value counts once for every rank.
    """
    rounds, ranks = times.shape
    if ranks < 2 or not rounds:
        return None
    suspect = int(np.argmax(np.median(times, axis=0)))
    others = np.median(np.delete(times, suspect, axis=1), axis=1)
    # Who is slower than the reference has a speedup below 1; here that is a lag above 1.
    found = compare_paired(times[:, suspect].tolist(), others.tolist())
    if not _is_sure(found, ranks) or not _lags_all_the_time(times[:, suspect] - others):
        return None
    assert found.interval is not None
    return Lag(suspect, found.speedup, found.interval)


def _lags_all_the_time(behind: Times) -> bool:
    return all(float(np.median(part)) > 0 for part in np.array_split(behind, _PARTS) if len(part))


def _is_sure(found: Comparison, ranks: int) -> bool:
    """Whether it is one straggler among so many ranks, and not the largest of many chances."""
    if found.interval is None or not math.isfinite(found.speedup):
        return False
    tested = ranks if ranks > 2 else 1  # of two, one is slower by as much as the other is faster
    return found.interval[0] > 1 + SAME_MARGIN / 2 and found.p_value * tested <= 0.05


def as_times(by_rank: Sequence[Sequence[int]], calls: Sequence[int]) -> Times:
    """Seconds a call from nanoseconds of whole blocks."""
    seconds = np.asarray(by_rank, float).reshape(len(calls), -1) / 1e9
    return np.asarray(seconds / np.asarray(calls, float)[:, None])
