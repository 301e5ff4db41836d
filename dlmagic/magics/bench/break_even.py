"""After how many calls compiling has paid off, and how sure that is.

A mode that costs C seconds once and gains g seconds a call has paid off after C / g calls. The
gain is estimated from the paired differences of the rounds: their Hodges-Lehmann centre, with
the interval that inverts Wilcoxon's signed-rank test (Hollander, Wolfe and Chicken,
"Nonparametric Statistical Methods", 3.2 and 3.3). The interval of the quotient is the one that
the ends of both intervals allow, C_low / g_high to C_high / g_low; like that of Fieller (1954,
"Some problems in interval estimation") it has no upper end where the gain may be zero.

To send somebody off to compile for nothing is worse than to say nothing. So a mode is said to
pay off only if its gain is certain beyond the 95 % of the verdict: one more test, Student's on
the log ratios of the rounds, must exclude that there is none with an error of 1 in 100,000.
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

_ERROR = 1e-5
"""Probability, at most, that a mode without any gain is said to pay off."""


@dataclass(frozen=True)
class Gain:
    """How many seconds a call one runner saves against the reference.

    Attributes:
        seconds: The estimate; NaN without rounds.
        interval: Its 95 % interval, or None where fewer than six rounds allow none.
        certain: Whether there is a gain beyond doubt.
    """

    seconds: float
    interval: Interval | None
    certain: bool


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


def gain_of(reference: Sequence[float], other: Sequence[float]) -> Gain:
    """The gain of a runner, from seconds a call in the rounds that it shares with the reference."""
    first, second = np.asarray(reference, float), np.asarray(other, float)
    if not len(first):
        return Gain(math.nan, None, certain=False)
    averages = walsh_averages(first - second)
    interval = signed_rank_interval(averages, len(first))
    return Gain(float(np.median(averages)), interval, is_certain(np.log(first) - np.log(second)))


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
    least, most = compile_interval or (compile_seconds, compile_seconds)
    low, high = gain.interval
    if high <= 0:
        return BreakEven()
    earliest = math.ceil(max(0.0, least) / high)
    if verdict == "unclear" or low <= 0 or not gain.certain:
        return BreakEven(None, (earliest, None))
    estimate = math.ceil(max(0.0, compile_seconds) / gain.seconds)
    return BreakEven(estimate, (earliest, math.ceil(max(0.0, most) / low)))


def is_certain(ratios: npt.NDArray[np.float64]) -> bool:
    """Whether the mean of these logarithms is above 0 beyond doubt."""
    if len(ratios) < 2 or not ratios.mean() > 0:
        return False
    if np.ptp(ratios) <= 1e-12 * abs(ratios.mean()):  # a simulated clock; no test likes it
        return True
    from scipy.stats import ttest_1samp

    return bool(ttest_1samp(ratios, 0.0, alternative="greater").pvalue < _ERROR)
