"""How often dlmagic errs here and now: whole measurements of pairs whose truth is known.

In half of the trials both runners do the same work; in the other half one of them does 21
operations where the other does 20, so it takes exactly 5 % longer. Each trial is a
measurement like any other, hidden second copy included, with at most 50 rounds.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dlmagic.devices.load import Reading, load_between, read_load
from dlmagic.environment import Environment
from dlmagic.errors import InputError
from dlmagic.magics.bench.clock import Clock, WallClock
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.noise import findings_about_load
from dlmagic.magics.bench.repeated import Repeated
from dlmagic.magics.bench.runner import Runner
from dlmagic.magics.bench.selftest_result import Rate, SelfTest, WorkloadRates
from dlmagic.magics.bench.timing import timings_of

SECONDS = 45.0
"""Time for all trials, unless the user grants another."""
LEAST_SECONDS = 4.0
_FEWER, _MORE = 20, 21  # repetitions
_ROUNDS = 50
_BLOCK = 1e-3  # seconds
_SHARE_OF_A_TRIAL = 1 / 12  # of the time, at most; two of each kind fit in any case


@dataclass(frozen=True)
class Workload:
    """A kind of work to try.

    Attributes:
        name: A few words for the reader.
        runner: Makes a runner of a name that repeats the work so often in each call.
    """

    name: str
    runner: Callable[[str, int], Runner]


@dataclass(frozen=True)
class Trial:
    """One measurement of a pair.

    Attributes:
        planted: Whether one of both takes longer.
        different: Whether they were called different, on the right side where there is one.
        seconds: One operation takes.
        noise: Standard deviation of the paired log ratio.
        rounds: Complete rounds.
    """

    planted: bool
    different: bool
    seconds: float
    noise: float
    rounds: int


def workloads() -> tuple[Workload, ...]:
    """From a function of Python to a product of matrices, on NumPy alone."""
    numbers = np.random.default_rng(0)
    values, matrix = numbers.random(20_000), numbers.random((128, 128))
    operations: dict[str, Callable[[], object]] = {
        "a function of Python": lambda: sum((1, 2, 3, 4, 5, 6, 7, 8)),
        "the sum of 20,000 numbers": values.sum,
        "a product of 128 x 128 matrices": lambda: matrix @ matrix,
    }
    return tuple(Workload(name, _repeating(each)) for name, each in operations.items())


def _repeating(operation: Callable[[], object]) -> Callable[[str, int], Runner]:
    return lambda name, repetitions: Repeated(name, operation, repetitions)


def selftest(
    seconds: float = SECONDS,
    tell: Callable[[str], object] = lambda _line: None,
    clock: Clock | None = None,
    kinds: Sequence[Workload] | None = None,
    read: Callable[[], Reading] = read_load,
) -> SelfTest:
    """Measure pairs whose truth is known, for so many seconds.

    Args:
        seconds: Time for all trials; at least 4.
        tell: Shows one line of progress in place of the last one.
        clock: Where time is read; the machine's clock by default.
        kinds: What to try; Python and NumPy by default.
        read: Reads who used the processors so far.

    Raises:
        InputError: The time is too short for a trial of each kind.
        KeyboardInterrupt: Stopped before each kind was tried.
    """
    if not (seconds >= LEAST_SECONDS and math.isfinite(seconds)):
        raise InputError(f"Too little time: --selftest needs at least {LEAST_SECONDS:g} s.")
    clock, kinds = clock or WallClock(), tuple(kinds or workloads())
    start, before = clock.now(), read()
    done: dict[str, list[Trial]] = {kind.name: [] for kind in kinds}
    partial = False
    try:
        for count, (kind, planted) in enumerate(_turns(kinds)):
            left = seconds - (clock.now() - start)
            if left <= 0 and count >= 2 * len(kinds):
                break
            tell(f"self-test, trial {count + 1}, {max(0.0, left):.0f} s left")
            longest = _SHARE_OF_A_TRIAL * seconds
            trial = run_trial(kind, planted=planted, seed=count, clock=clock, seconds=longest)
            done[kind.name].append(trial)
    except KeyboardInterrupt:
        if not all(_has_both(trials) for trials in done.values()):
            raise
        partial = True
    every = [trial for trials in done.values() for trial in trials]
    return SelfTest(
        workloads=tuple(_rates_of(name, trials) for name, trials in done.items()),
        called_different=_rate(every, planted=False),
        found=_rate(every, planted=True),
        planted=_MORE / _FEWER - 1,
        seconds=clock.now() - start,
        partial=partial,
        environment=Environment.capture(),
        findings=findings_about_load(load_between(before, read())),
    )


def _turns(kinds: Sequence[Workload]) -> Iterator[tuple[Workload, bool]]:
    """Each kind in turn, once with equals and once with a planted difference, for ever."""
    return itertools.cycle(itertools.product(kinds, (False, True)))


def run_trial(kind: Workload, *, planted: bool, seed: int, clock: Clock, seconds: float) -> Trial:
    """Measure one pair; which of both takes longer, if any, alternates with the seed."""
    repetitions = {"first": _FEWER, "second": _FEWER}
    slower = ("first", "second")[seed // 2 % 2]
    if planted:
        repetitions[slower] = _MORE
    measured = measure(
        [kind.runner(name, count) for name, count in repetitions.items()],
        seconds=seconds,
        clock=clock,
        seed=seed,
        maximum_rounds=_ROUNDS,
        min_block=_BLOCK,
    )
    comparison = timings_of(measured)["second"].comparison
    right = ("slower" if slower == "second" else "faster",) if planted else ("faster", "slower")
    first, second = measured.pairs("second")
    return Trial(
        planted=planted,
        different=comparison.verdict in right,
        seconds=statistics.median(first) / repetitions["first"],
        noise=deviation_of([math.log(a / b) for a, b in zip(first, second, strict=True)]),
        rounds=comparison.rounds,
    )


def deviation_of(values: Sequence[float]) -> float:
    """Standard deviation, told from the median absolute deviation, which no spike moves."""
    middle = statistics.median(values)
    return 1.4826 * statistics.median(abs(value - middle) for value in values)


def _has_both(trials: Sequence[Trial]) -> bool:
    return {trial.planted for trial in trials} == {False, True}


def _rates_of(name: str, trials: Sequence[Trial]) -> WorkloadRates:
    return WorkloadRates(
        name=name,
        seconds=statistics.median(trial.seconds for trial in trials),
        noise=statistics.median(trial.noise for trial in trials),
        rounds=round(statistics.median(trial.rounds for trial in trials)),
        called_different=_rate(trials, planted=False),
        found=_rate(trials, planted=True),
    )


def _rate(trials: Sequence[Trial], *, planted: bool) -> Rate:
    """How many of the trials of one sort were called different."""
    from scipy.stats import binomtest

    verdicts = [trial.different for trial in trials if trial.planted == planted]
    interval = binomtest(sum(verdicts), len(verdicts)).proportion_ci(0.95)
    return Rate(
        count=sum(verdicts),
        trials=len(verdicts),
        interval=(float(interval.low), float(interval.high)),
    )
