"""Two sets of times that were not taken in turns, such as those of two days.

Compared as logarithms, like paired ones. The interval of the shift between both is that of
Hodges and Lehmann, which inverts the Mann-Whitney test (Hollander, Wolfe and Chicken,
"Nonparametric Statistical Methods", 4.2 and 4.3). It takes rounds for independent, which
they are not on a machine that is busy for a while and then is not; so it is joined with the
interval of batch means (B. Schmeiser, 1982, "Batch size effects in the analysis of simulation
output"): neighbouring rounds count as one value, in Welch's t interval. For times of whole
processes, few and each an average, that is the interval.

Either tells how far samples can mislead. That the machine itself was another one on another
day they cannot tell: :func:`widened` adds what was measured of that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist, median

import numpy as np
import numpy.typing as npt

from dlmagic.magics.bench.paired import CONFIDENCE, Interval

_EXACT_UP_TO = 400
"""Pairs of samples; with more of them the normal approximation is as good."""
_BATCHES = 5  # long ones, so that they hardly depend on each other
_LEAST_BATCH = 2


def ratio_of_medians(then: Sequence[float], now: Sequence[float]) -> float:
    """How many times as fast it is now."""
    return median(then) / median(now)


def ratio_interval(then: Sequence[float], now: Sequence[float]) -> Interval | None:
    """The 95 % interval of that ratio, from times in seconds above 0.

    Returns:
        None where so few samples allow none.
    """
    if not (then and now):
        return None
    logs = shift_interval(np.log(np.asarray(then, float)), np.log(np.asarray(now, float)))
    if logs is None:
        return None
    ratio = ratio_of_medians(then, now)
    ends = [math.exp(logs[0]), math.exp(logs[1]), ratio]
    ends += process_ratio_interval(batches(then), batches(now)) or ()
    return min(ends), max(ends)


def batches(samples: Sequence[float]) -> list[float]:
    """The medians of neighbouring samples, in five batches; none where they are too few."""
    size = len(samples) // _BATCHES
    if size < _LEAST_BATCH:
        return []
    return [median(samples[k * size : (k + 1) * size]) for k in range(_BATCHES)]


def process_ratio_interval(then: Sequence[float], now: Sequence[float]) -> Interval | None:
    """The same from one time per process; None with fewer than two on either side."""
    if len(then) < 2 or len(now) < 2:
        return None
    from scipy.stats import t

    first, second = np.log(np.asarray(then, float)), np.log(np.asarray(now, float))
    ratio = ratio_of_medians(then, now)
    parts = [float(np.var(each, ddof=1)) / len(each) for each in (first, second)]
    variance = sum(parts)
    if not variance:
        return ratio, ratio
    # Welch and Satterthwaite; SciPy's own test warns of times that are nearly equal.
    counts = (len(first), len(second))
    freedom = variance**2 / sum(v**2 / (n - 1) for v, n in zip(parts, counts, strict=True))
    reach = float(t.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(variance)
    middle = float(np.mean(first) - np.mean(second))
    return min(math.exp(middle - reach), ratio), max(math.exp(middle + reach), ratio)


def widened(interval: Interval | None, level: float) -> Interval | None:
    """An interval of a ratio, wider by a factor on either side."""
    return None if interval is None else (interval[0] / level, interval[1] * level)


def level_of(interval: Interval) -> float:
    """How far from 1 an interval of a ratio reaches, as a factor of at least 1."""
    return max(interval[1], 1 / interval[0], 1.0)


def shift_interval(
    first: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64],
    confidence: float = CONFIDENCE,
) -> Interval | None:
    """The interval of how far ``first`` lies above ``second``.

    Returns:
        None where not even the whole range reaches the confidence.
    """
    rank = mann_whitney_critical(len(first), len(second), (1 - confidence) / 2)
    if rank < 1:
        return None
    differences = np.subtract.outer(first, second).ravel()
    ends = (rank - 1, len(differences) - rank)
    ordered = np.partition(differences, ends)
    return float(ordered[ends[0]]), float(ordered[ends[1]])


@cache
def mann_whitney_critical(first: int, second: int, tail: float) -> int:
    """The largest count c with P(U < c) <= tail under the null; 0 where there is none."""
    pairs = first * second
    if pairs > _EXACT_UP_TO:
        deviation = math.sqrt(pairs * (first + second + 1) / 12)
        return math.floor(pairs / 2 + 0.5 + NormalDist().inv_cdf(tail) * deviation)
    return int(np.searchsorted(np.cumsum(mann_whitney_null(first, second)), tail, side="right"))


def mann_whitney_null(first: int, second: int) -> npt.NDArray[np.float64]:
    """P(U = 0), P(U = 1), ...: a Gaussian binomial coefficient, factor by factor.

    SciPy keeps its own table private and offers p-values only, not the counts.
    """
    ways = np.zeros(first * second + 1)
    ways[0] = 1.0
    for step in range(1, first + 1):
        shifted = ways[: max(0, len(ways) - second - step)].copy()
        ways[len(ways) - len(shifted) :] -= shifted
        for place in range(step, len(ways)):
            ways[place] += ways[place - step]
    return np.asarray(ways / ways.sum())
