"""After how many calls compiling has paid off, and how sure that is.

A mode that costs C seconds once and gains g seconds a call has paid off after C / g calls. The
gain is estimated from the paired differences of the rounds: their Hodges-Lehmann centre, with
the interval that inverts Wilcoxon's signed-rank test (Hollander, Wolfe and Chicken,
"Nonparametric Statistical Methods", 3.2 and 3.3). The calls to come scatter as those measured
did. So n calls save n g, give or take sqrt((n h)^2 + n v): h is the half width of the gain's
interval, v what the scatter adds per call. The ends are the two n at which this meets C; like those
of Fieller (1954, "Some problems in interval estimation") they come from a quadratic equation, and
there is no upper one where the gain may be zero. Without scatter they are C_low / g_high and
C_high / g_low.

To send somebody off to compile for nothing is worse than to say nothing. So a mode is said to
pay off only if its gain is certain beyond the 95 % of the verdict: one more test, Student's on
the log ratios of the rounds, must exclude that there is none with an error of 1 in 1,000,000.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dlmagic.magics.bench.paired import (
    Interval,
    Verdict,
    signed_rank_interval,
    walsh_averages,
)

_NORMAL = 1.96  # standard deviations that hold 95 % of a normal distribution
_ERROR = 1e-6
"""Probability, at most, that a mode without any gain is said to pay off."""


@dataclass(frozen=True)
class Gain:
    """How many seconds a call one runner saves against the reference.

    Attributes:
        seconds: The estimate; NaN without rounds.
        interval: Its 95 % interval, or None where fewer than six rounds allow none.
        certain: Whether there is a gain beyond doubt.
        scatter: Standard deviation of the gain from round to round.
        calls: Calls of a round.
    """

    seconds: float
    interval: Interval | None
    certain: bool
    scatter: float = 0.0
    calls: int = 1


@dataclass(frozen=True)
class BreakEven:
    """When compiling has paid off.

    Attributes:
        calls: The estimate, or None where it never does or no gain is certain.
        interval: Calls at least and at most, in 95 of 100 cases; the most is None where it may
            be never. None as a whole where it never pays off, or nothing can be said.
    """

    calls: int | None = None
    interval: tuple[int, int | None] | None = None


def gain_of(reference: Sequence[float], other: Sequence[float], calls: int = 1) -> Gain:
    """The gain of a runner, from seconds a call in the rounds that it shares with the reference.

    Args:
        reference: Of the reference, one per round.
        other: Of the runner, in the same rounds.
        calls: How many calls each of these is the mean of.
    """
    first, second = np.asarray(reference, float), np.asarray(other, float)
    if not len(first):
        return Gain(math.nan, None, certain=False)
    averages = walsh_averages(first - second)
    interval = signed_rank_interval(averages, len(first))
    certain = is_certain(np.log(first) - np.log(second))
    scatter = float(np.std(first - second, ddof=1)) if len(first) > 1 else 0.0
    return Gain(float(np.median(averages)), interval, certain, scatter, max(1, calls))


def break_even(
    compile_seconds: float, compile_interval: Interval | None, gain: Gain, verdict: Verdict
) -> BreakEven:
    """After how many calls compiling has paid off.

    Args:
        compile_seconds: What it costs once.
        compile_interval: The 95 % interval of that; None where it was paid once, and is known.
        gain: Seconds that each call saves.
        verdict: Of the speedup: what is not faster does not pay off.
    """
    if verdict not in ("faster", "unclear") or gain.interval is None:
        return BreakEven()
    low, high = gain.interval
    if high <= 0:
        return BreakEven()
    least, most = compile_interval or (compile_seconds, compile_seconds)
    earliest = _whole(_ends(max(0.0, least), gain, high - gain.seconds)[0])
    if verdict == "unclear" or low <= 0 or not gain.certain:
        return BreakEven(None, (earliest, None))
    estimate = _whole(max(0.0, compile_seconds) / gain.seconds)
    latest = _whole(_ends(max(0.0, most), gain, gain.seconds - low)[1])
    return BreakEven(estimate, (earliest, latest))


def _whole(calls: float) -> int:
    """So many whole calls; what rounding errors add is no further one."""
    return math.ceil(calls * (1 - 1e-9))


def _ends(cost: float, gain: Gain, half_width: float) -> tuple[float, float]:
    """The calls n at which n gains, less or more their error, are worth the cost."""
    square = gain.seconds**2 - half_width**2
    middle = 2 * gain.seconds * cost + gain.calls * (_NORMAL * gain.scatter) ** 2
    root = middle + math.sqrt(max(0.0, middle**2 - 4 * square * cost**2))
    earliest = 2 * cost**2 / root if root > 0 else 0.0
    return earliest, root / (2 * square) if square > 0 else math.inf


def is_certain(ratios: npt.NDArray[np.float64]) -> bool:
    """Whether the mean of these logarithms is above 0 beyond doubt."""
    if len(ratios) < 2 or not ratios.mean() > 0:
        return False
    if np.ptp(ratios) <= 1e-12 * abs(ratios.mean()):  # a simulated clock; no test likes it
        return True
    from scipy.stats import ttest_1samp

    return bool(ttest_1samp(ratios, 0.0, alternative="greater").pvalue < _ERROR)
