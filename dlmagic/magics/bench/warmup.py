"""Calling a runner until it has compiled what it compiles and its level is steady.

Warming up is a process, not a number: CUDA graphs are fast from the third call on, kernels
are tuned once per shape, and many programs never settle (Barrett et al. 2017, "Virtual
machine warmup blows hot and cold"), which is then said and not averaged over.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dlmagic.magics.bench.block import SHORTEST, Block, time_calls
from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.runner import Runner

Outcome = Literal["steady", "unsteady", "compiling", "short"]
_LEVEL_MARGIN = 0.05  # relative difference of two half windows that counts as none
_GROWTH = 10  # times the calls of the sample before, at most
_MOST_CALLS = 100_000  # in a sample, of anything that Python calls in no time
_EMPTY_BLOCKS = 3  # of which the quickest tells what waiting for the devices takes
_NOISE_MARGIN = 2.0  # standard errors of that difference
FEWEST_COMPILES = 3
"""Calls that may compile however long it takes; a CUDA graph is there after the third."""
OUTWEIGHS = 10
"""Times the wait for the devices that calls together must take, to be told from that wait.

The wait ends each block: 0.1 ms with every framework loaded, several times that on a slow or
busy machine, and so hundreds of times a short call.
"""


@dataclass(frozen=True)
class WarmUpLimits:
    """When to stop warming up.

    Attributes:
        seconds: Wall time, calls with compile events not counted.
        quiet_calls: Calls in a row without a compile event.
        window: Samples whose two halves must lie on one level; an even number.
        maximum_samples: Samples after which the runner is called unsteady.
        maximum_compiles: Samples with compile events after which it never stops compiling.
        compiling_seconds: Wall time of such samples after which the same is said, once there
            are :data:`FEWEST_COMPILES`: what goes on compiling may take seconds a call.
        sample_seconds: Length of a sample once nothing compiles any more.
    """

    seconds: float = 1.0
    quiet_calls: int = 3
    window: int = 10
    maximum_samples: int = 100
    maximum_compiles: int = 12
    compiling_seconds: float = math.inf
    sample_seconds: float = 1e-3


@dataclass(frozen=True)
class WarmUp:
    """How a runner warmed up.

    Attributes:
        samples: Every sample, the first call included.
        outcome: ``steady``; ``unsteady`` (no steady state within the limits); ``compiling``
            (compile events to the end); ``short`` (too few calls fitted to tell).
        wait: Seconds that a block without any call takes: waiting for the devices.
        cut_short: Whether it went on compiling until the time for that was over.
    """

    samples: tuple[Block, ...]
    outcome: Outcome
    wait: float = 0.0
    cut_short: bool = False

    @property
    def first_seconds(self) -> float:
        """Wall time of the first call of all."""
        return self.samples[0].seconds

    @property
    def settled(self) -> bool:
        """Whether nothing compiles any more and the level is steady."""
        return self.outcome == "steady"

    @property
    def level(self) -> float:
        """Seconds a call at the end: the median of the last samples without events."""
        return _level(self.samples)

    @property
    def fastest(self) -> float:
        """Seconds a call in the quickest of the last samples, without the wait for the devices.

        That is the machine at its least busy.
        """
        quickest = min(_last(self.samples))
        return max(quickest - self.wait / self.samples[-1].calls, SHORTEST)

    @property
    def events(self) -> dict[str, int]:
        """All events of the warm-up together."""
        names = {name for sample in self.samples for name in sample.events}
        return {name: sum(s.events.get(name, 0) for s in self.samples) for name in sorted(names)}

    @property
    def compile_seconds(self) -> float:
        """What compiling cost, in seconds, at least 0.

        Wall time of the samples with events, or of the first call where no event was
        counted, less what steady calls would have taken.
        """
        return compile_seconds(self.samples)


def warm_up(runner: Runner, clock: Clock, limits: WarmUpLimits) -> WarmUp:
    """Call a runner, each sample from restored state, until :func:`outcome_so_far` says stop."""
    start = clock.now()
    samples: list[Block] = []
    outcome: Outcome | None = None
    wait = math.inf
    while outcome is None:
        runner.restore()
        samples.append(time_calls(runner, clock, _next_calls(samples, wait, limits)))
        if len(samples) <= _EMPTY_BLOCKS:
            wait = min(wait, max(0.0, time_calls(runner, clock, 0).seconds))
        spent = clock.now() - start - compile_seconds(samples)
        outcome = outcome_so_far(samples, spent, limits)
    compiled = sum(not sample.clean for sample in samples)
    cut_short = outcome == "compiling" and compiled < limits.maximum_compiles
    return WarmUp(tuple(samples), outcome, wait, cut_short)


def outcome_so_far(samples: Sequence[Block], spent: float, limits: WarmUpLimits) -> Outcome | None:
    """How the warm-up ended, or None while it goes on.

    Args:
        samples: Every sample so far.
        spent: Wall time so far in seconds, compiling not counted.
        limits: When to stop.
    """
    quiet = _quiet_tail(samples)
    compiled = [sample.seconds for sample in samples if not sample.clean]
    too_long = len(compiled) >= FEWEST_COMPILES and sum(compiled) >= limits.compiling_seconds
    if len(compiled) >= limits.maximum_compiles or (too_long and not samples[-1].clean):
        return "compiling"
    window = _comparable(quiet)[-limits.window :]
    if len(quiet) >= limits.quiet_calls and len(window) == limits.window and is_level(window):
        return "steady"
    if len(samples) >= limits.maximum_samples:
        return "unsteady"
    if spent < limits.seconds or not quiet:
        return None
    return "unsteady" if len(window) == limits.window else "short"


def is_level(window: Sequence[float]) -> bool:
    """Whether the two halves of a window of times lie on one level.

    Their medians may differ by 5 %, or by twice the standard error that the noise explains.
    The noise is told from neighbouring samples (von Neumann 1941), so a trend does not
    excuse itself; 0.6745 and 1.2533 relate the median absolute value and the median's
    standard error to a normal distribution's standard deviation.
    """
    logs = [math.log(value) for value in window]
    half = len(logs) // 2
    gap = abs(statistics.median(logs[half:]) - statistics.median(logs[:half]))
    steps = [abs(after - before) for before, after in itertools.pairwise(logs)]
    deviation = statistics.median(steps) / 0.6745 / math.sqrt(2)
    error = 1.2533 * deviation * math.sqrt(2 / half)
    return gap <= max(_LEVEL_MARGIN, _NOISE_MARGIN * error)


def compile_seconds(samples: Sequence[Block]) -> float:
    """What compiling cost; see :attr:`WarmUp.compile_seconds`."""
    if len(samples) < 2:
        return sum(sample.seconds for sample in samples)
    compiling = [sample for sample in samples if not sample.clean] or [samples[0]]
    calls = sum(sample.calls for sample in compiling)
    return max(0.0, sum(sample.seconds for sample in compiling) - calls * _level(samples))


def _next_calls(samples: Sequence[Block], wait: float, limits: WarmUpLimits) -> int:
    """Calls of the next sample: one at a time until nothing compiles any more, then more and more.

    Until a sample lasts, and is not mostly the wait for the devices.
    """
    quiet = _quiet_tail(samples)
    if len(quiet) < limits.quiet_calls:
        return 1
    last = quiet[-1]
    wanted = max(limits.sample_seconds, OUTWEIGHS * wait)
    if last.seconds >= wanted / 2:
        return last.calls
    per_call = max(SHORTEST, (last.seconds - wait) / last.calls)
    return min(math.ceil(wanted / per_call), _GROWTH * last.calls, _MOST_CALLS)


def _quiet_tail(samples: Sequence[Block]) -> Sequence[Block]:
    """The samples since the last compile event; the first call of all never counts."""
    dirty = [index for index, sample in enumerate(samples) if not sample.clean]
    return samples[max([0, *dirty]) + 1 :]


def _comparable(samples: Sequence[Block]) -> list[float]:
    """Times a call of the samples with as many calls as the last one."""
    return [sample.per_call for sample in samples if sample.calls == samples[-1].calls]


def _level(samples: Sequence[Block]) -> float:
    return statistics.median(_last(samples))


def _last(samples: Sequence[Block]) -> Sequence[float]:
    """Seconds a call in the last samples without events, or in the last one of all."""
    return _comparable(_quiet_tail(samples))[-10:] or [samples[-1].per_call]
