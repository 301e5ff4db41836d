"""Who is faster, told from rounds in which both were timed.

Times are paired by round: what slows the machine down slows both, so their ratio stays.
Ratios are compared as logarithms, in which twice as fast and twice as slow are
mirror images. The estimate is the Hodges-Lehmann one and its interval inverts Wilcoxon's
signed-rank test (Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods",
3.2 and 3.3). It needs no more than a symmetric distribution, which the random, balanced
order of each round provides for runners that are equally fast, and no spike moves it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

Verdict = Literal["reference", "faster", "slower", "same", "unclear"]
Interval = tuple[float, float]

CONFIDENCE = 0.95
SAME_MARGIN = 0.02
"""Speedups within 1.02 either way are called the same."""
_EXACT_UP_TO = 50


@dataclass(frozen=True)
class Comparison:
    """How much faster one runner is than the reference.

    Attributes:
        speedup: Reference time / this time; above 1 is faster. NaN without rounds.
        interval: 95 % interval of the speedup, or None where fewer than six rounds allow none.
        verdict: ``faster``, ``slower``, ``same`` (within 2 %) or ``unclear``.
        rounds: How many rounds were compared.
        p_value: Of the two-sided test of "equally fast" whose interval this is; 1 without rounds.
        doubt: Why a difference that the interval shows is not called one; empty otherwise.
    """

    speedup: float
    interval: Interval | None
    verdict: Verdict
    rounds: int
    p_value: float = 1.0
    doubt: str = ""


def compare_paired(reference: Sequence[float], other: Sequence[float]) -> Comparison:
    """Compare seconds a call of two runners, round by round.

    Args:
        reference: Of the reference, one per round.
        other: Of the other runner, in the same rounds.
    """
    if len(reference) != len(other):
        raise ValueError("Paired times must come from the same rounds.")
    ratios = np.log(np.asarray(reference, float)) - np.log(np.asarray(other, float))
    if not len(ratios):
        return Comparison(math.nan, None, "unclear", 0)
    averages = walsh_averages(ratios)
    logs = signed_rank_interval(averages, len(ratios))
    interval = None if logs is None else (math.exp(logs[0]), math.exp(logs[1]))
    speedup = math.exp(float(np.median(averages)))
    p_value = signed_rank_p_value(averages, len(ratios))
    return Comparison(speedup, interval, verdict_of(interval), len(ratios), p_value)


def verdict_of(interval: Interval | None, margin: float = SAME_MARGIN) -> Verdict:
    """What a 95 % interval of the speedup allows to say."""
    if interval is None:
        return "unclear"
    low, high = interval
    if low >= 1 / (1 + margin) and high <= 1 + margin:
        return "same"
    if low > 1:
        return "faster"
    return "slower" if high < 1 else "unclear"


def walsh_averages(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean of every pair of values, each with itself too: n (n + 1) / 2 of them."""
    first, second = np.triu_indices(len(values))
    return np.asarray((values[first] + values[second]) / 2)


def signed_rank_interval(
    averages: npt.NDArray[np.float64], count: int, confidence: float = CONFIDENCE
) -> Interval | None:
    """The interval of the centre of ``count`` values, from their Walsh averages.

    Returns:
        None where not even the whole range reaches the confidence (below 6 values for 95 %).
    """
    rank = signed_rank_critical(count, (1 - confidence) / 2)
    if rank < 1:
        return None
    ends = (rank - 1, len(averages) - rank)
    ordered = np.partition(averages, ends)
    return float(ordered[ends[0]]), float(ordered[ends[1]])


@cache
def signed_rank_critical(count: int, tail: float) -> int:
    """The largest rank sum c with P(T < c) <= tail under the null; 0 where there is none.

    Exact up to 50 values, by the normal approximation with continuity correction beyond.
    """
    if count > _EXACT_UP_TO:
        mean, deviation = _normal_null(count)
        return math.floor(mean + 0.5 + NormalDist().inv_cdf(tail) * deviation)
    return int(np.searchsorted(np.cumsum(_signed_rank_null(count)), tail, side="right"))


def signed_rank_p_value(averages: npt.NDArray[np.float64], count: int) -> float:
    """Two-sided p-value of a centre of zero, from the Walsh averages of ``count`` values.

    Zero lies outside the interval of every confidence below 1 minus this value, and inside
    the others. The signed-rank statistic is the number of averages above zero; those that
    are zero count half.
    """
    above = float(np.count_nonzero(averages > 0) + np.count_nonzero(averages == 0) / 2)
    smaller = math.floor(min(above, len(averages) - above))
    if count > _EXACT_UP_TO:
        mean, deviation = _normal_null(count)
        tail = NormalDist().cdf((smaller + 0.5 - mean) / deviation)
    else:
        tail = float(np.sum(_signed_rank_null(count)[: smaller + 1]))
    return min(1.0, 2 * tail)


def _normal_null(count: int) -> tuple[float, float]:
    """Mean and standard deviation of the signed-rank statistic under the null."""
    mean = count * (count + 1) / 4
    return mean, math.sqrt(mean * (2 * count + 1) / 6)


@cache
def _signed_rank_null(count: int) -> npt.NDArray[np.float64]:
    """P(T = 0), P(T = 1), ...: of the 2 ** count sets of ranks, how many have each sum.

    SciPy keeps its own table private and offers p-values only, not the ranks.
    """
    ways = np.zeros(count * (count + 1) // 2 + 1)
    ways[0] = 1.0
    for rank in range(1, count + 1):
        ways[rank:] += ways[:-rank].copy()
    return np.asarray(ways / 2.0**count)


def median_interval(samples: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """The interval of a median, from binomial order statistics; None below 6 samples."""
    if len(samples) < 2:
        return None
    from scipy.stats import quantile_test

    result = quantile_test(np.asarray(samples, float), p=0.5, q=float(np.median(samples)))
    low, high = result.confidence_interval(confidence_level=confidence)
    return None if math.isnan(low) or math.isnan(high) else (float(low), float(high))
