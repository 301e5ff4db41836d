"""Times of several fresh processes: two levels of data, rounds within a process, and processes.

What a process is given once, such as where its memory lies or how its hashes are seeded, no
number of rounds within it averages out. So each process counts as one value, the mean of the
logarithms of its rounds, and the interval comes from the spread between processes (T. Kalibera
and R. Jones, 2013, "Rigorous benchmarking in reasonable time"). Processes of two arms are paired
by repetition: in each repetition every arm had one, in random order.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dlmagic.magics.bench.break_even import Gain, is_certain
from dlmagic.magics.bench.paired import CONFIDENCE, Comparison, Interval, verdict_of

FEWEST = 3
"""Processes of an arm below which there is no interval."""


def centre(samples: Sequence[float]) -> float:
    """The time of a process in seconds: the geometric mean of its rounds."""
    return math.exp(statistics.fmean(map(math.log, samples)))


def compare_processes(reference: Sequence[float], other: Sequence[float]) -> Comparison:
    """Compare the times of processes, repetition by repetition.

    The estimate is the mean of the log ratios; its interval is that of Student's t over
    repetitions.

    Args:
        reference: Time of the reference's process in seconds, one per repetition.
        other: Time of the other arm's process, in the same repetitions.
    """
    if len(reference) != len(other):
        raise ValueError("Paired times must come from the same repetitions.")
    logs = np.log(np.asarray(reference, float)) - np.log(np.asarray(other, float))
    if not len(logs):
        return Comparison(math.nan, None, "unclear", 0)
    interval = mean_interval(logs)
    ends = None if interval is None else (math.exp(interval[0]), math.exp(interval[1]))
    speedup = math.exp(float(np.mean(logs)))
    return Comparison(speedup, ends, verdict_of(ends), len(logs), _p_value(logs))


def gain_of_processes(reference: Sequence[float], other: Sequence[float]) -> Gain:
    """Seconds a call that an arm saves, from the times of processes, repetition by repetition."""
    first, second = np.asarray(reference, float), np.asarray(other, float)
    if not len(first):
        return Gain(math.nan, None, certain=False)
    certain = is_certain(np.log(first) - np.log(second))
    return Gain(float(np.mean(first - second)), mean_interval(first - second), certain)


def _p_value(logs: npt.NDArray[np.float64]) -> float:
    """Of Student's test whose interval :func:`mean_interval` is."""
    if len(logs) < FEWEST:
        return 1.0
    deviation = float(np.std(logs, ddof=1))
    if deviation == 0:  # a simulated clock; no test likes it
        return 0.0 if logs[0] else 1.0
    from scipy.stats import t

    statistic = abs(float(np.mean(logs))) / (deviation / math.sqrt(len(logs)))
    return float(2 * t.sf(statistic, len(logs) - 1))


def time_interval(times: Sequence[float]) -> Interval | None:
    """The 95 % interval of the time that a process takes, from one time per process."""
    interval = mean_interval(np.log(np.asarray(times, float)))
    if interval is None:
        return None
    middle = statistics.median(times)
    return min(math.exp(interval[0]), middle), max(math.exp(interval[1]), middle)


def mean_interval(values: npt.NDArray[np.float64]) -> Interval | None:
    """Student's t interval of a mean; None for fewer than three values."""
    if len(values) < FEWEST:
        return None
    from scipy.stats import t

    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values))
    reach = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1)) * error
    return mean - reach, mean + reach
