"""Error rates of whole measurements on a simulated machine, against exact binomial limits.

A limit is what a harness with exactly the promised rate keeps to in 99 of 100 suites.
"""

from __future__ import annotations

from functools import cache

import pytest
from scipy.stats import binom

from dlmagic.devices.load import Reading
from dlmagic.magics.bench.comparisons import comparisons_of
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.paired import Comparison, compare_paired
from tests.magics.bench.simulated import NOISES, FakeRunner, Machine, machine_with, normal

SHORT, LONG = 100, 1000
TRUE_SPEEDUP = 1 / 1.05
# A neighbour takes time away in whole slices, whatever the work, so that the median ratio of
# wall times is then truly nearer to 1 than the ratio of the work.
KEEPS_RATIO = [noise for noise in NOISES if noise != "busy neighbour"]


def judged(noise: str, seed: int, *factors: float) -> dict[str, Comparison]:
    """One measurement of about 50 rounds, judged as a whole, second copy included.

    Runners called 0, 1 and so on take ``factors`` times as long as the reference.
    """
    machine = machine_with(noise, seed)
    others = [FakeRunner(machine, str(k), 1e-3 * each) for k, each in enumerate(factors)]
    measured = measure(
        [FakeRunner(machine, "a"), *others],
        seconds=0.6 * (2 + len(factors)),
        clock=machine,
        seed=seed + 10**6,
        on_progress=machine.new_round,
        read=lambda: Reading(0, 0),
    )
    return comparisons_of(measured)


@cache
def trial(noise: str, seed: int, factor: float) -> Comparison:
    """The second of two runners takes ``factor`` times as long as the first.

    The same trials serve to count several kinds of errors.
    """
    return judged(noise, seed, factor)["0"]


def false_alarms(noise: str, trials: int) -> int:
    return sum(trial(noise, seed, 1.0).verdict in ("faster", "slower") for seed in range(trials))


def families_with_an_alarm(noise: str, trials: int) -> int:
    """Benchmarks of five equal runners in which at least one was called different."""
    families = (judged(noise, seed, *[1.0] * 4).values() for seed in range(trials))
    return sum(any(each.verdict in ("faster", "slower") for each in one) for one in families)


def called_same(noise: str, trials: int) -> int:
    """How often a runner that takes 5 % longer is called the same."""
    return sum(trial(noise, seed, 1.05).verdict == "same" for seed in range(trials))


def covered(noise: str, trials: int) -> int:
    intervals = [trial(noise, seed, 1.05).interval for seed in range(trials)]
    return sum(i is not None and i[0] <= TRUE_SPEEDUP <= i[1] for i in intervals)


def found(trials: int, rounds: int = 50) -> int:
    """How often 5 % is found where the paired log ratio has a standard deviation of 10 %."""
    total = 0
    for seed in range(trials):
        machine = Machine(lambda machine: normal(machine, 0.1 / 2**0.5), seed)
        runners = [FakeRunner(machine, "a"), FakeRunner(machine, "b", 1.05e-3)]
        measured = measure(runners, seconds=9, clock=machine, seed=seed, maximum_rounds=rounds)
        comparison = comparisons_of(measured)["b"]
        assert comparison.rounds == rounds
        total += comparison.verdict == "slower"
    return total


@pytest.mark.parametrize("noise", NOISES)
def test_equal_callables_are_rarely_called_different(noise: str) -> None:
    assert false_alarms(noise, SHORT) <= binom.ppf(0.99, SHORT, 0.05)


@pytest.mark.parametrize("noise", ["normal", "autoregressive 0.95", "first place", "spikes"])
def test_among_equal_modes_rarely_any_is_called_different(noise: str) -> None:
    assert families_with_an_alarm(noise, 60) <= binom.ppf(0.99, 60, 0.05)


@pytest.mark.parametrize("noise", ["normal", "drift", "quantised", "lognormal"])
def test_a_difference_of_five_percent_is_not_called_the_same(noise: str) -> None:
    assert called_same(noise, 60) <= binom.ppf(0.99, 60, 0.05)


@pytest.mark.parametrize("noise", KEEPS_RATIO)
def test_the_interval_covers_the_true_speedup(noise: str) -> None:
    assert covered(noise, SHORT) >= binom.ppf(0.01, SHORT, 0.95)


@pytest.mark.parametrize("noise", ["first place", "normal", "drift"])
def test_equal_slow_callables_that_nothing_touches_are_rarely_called_different(noise: str) -> None:
    """A block of one call, cold from whoever ran before it: the balanced order makes up for it."""
    different = 0
    for seed in range(SHORT):
        machine = machine_with(noise, seed)
        runners = [FakeRunner(machine, "a", 0.06), FakeRunner(machine, "b", 0.06)]
        measured = measure(
            runners, seconds=9, clock=machine, seed=seed + 10**6, on_progress=machine.new_round
        )
        assert len(measured.rounds) > 30
        assert set(measured.calls.values()) == {1}
        different += compare_paired(*measured.pairs("b")).verdict in ("faster", "slower")
    assert different <= binom.ppf(0.99, SHORT, 0.05)


def test_five_percent_are_found() -> None:
    assert found(SHORT) >= binom.ppf(0.01, SHORT, 0.9)


def test_a_short_measurement_cannot_find_five_percent() -> None:
    """The limit of the test above is one that can be missed."""
    assert found(SHORT, rounds=20) < binom.ppf(0.01, SHORT, 0.9)


@pytest.mark.parametrize("noise", ["drift", "step", "first place"])
def test_one_after_the_other_would_be_called_different(noise: str) -> None:
    """The limit above is one that a harness without balanced rounds misses."""
    alarms = 0
    for seed in range(30):
        machine = machine_with(noise, seed)
        machine.place = 1
        first, second = [], []
        for samples in (first, second):
            for _ in range(50):
                start = machine.now()
                machine.work(5e-3)
                samples.append(machine.now() - start)
            machine.place = 2
        alarms += compare_paired(first, second).verdict in ("faster", "slower")
    assert alarms > binom.ppf(0.99, 30, 0.05)


@pytest.mark.parametrize("deviation", [0.004, 0.012])
def test_ending_early_does_not_narrow_the_interval(deviation: float) -> None:
    hits = 0
    for seed in range(SHORT):
        machine = Machine(lambda machine: normal(machine, deviation), seed)
        runners = [FakeRunner(machine, "a"), FakeRunner(machine, "b", 1.05e-3)]
        measured = measure(runners, seconds=5, clock=machine, seed=seed)
        assert measured.ending == "precise"
        interval = compare_paired(*measured.pairs("b")).interval
        hits += interval is not None and interval[0] <= TRUE_SPEEDUP <= interval[1]
    assert hits >= binom.ppf(0.01, SHORT, 0.95)


@pytest.mark.prove
def test_error_rates_in_full() -> None:
    """The family of all checks keeps to its limits as a whole: each at 1 - 0.01 / checks."""
    level = 0.01 / (3 * len(NOISES) + len(KEEPS_RATIO) + 1)
    for noise in NOISES:
        assert false_alarms(noise, LONG) <= binom.ppf(1 - level, LONG, 0.05), noise
        assert families_with_an_alarm(noise, LONG) <= binom.ppf(1 - level, LONG, 0.05), noise
        assert called_same(noise, LONG) <= binom.ppf(1 - level, LONG, 0.05), noise
    for noise in KEEPS_RATIO:
        assert covered(noise, LONG) >= binom.ppf(level, LONG, 0.95), noise
    assert found(LONG) >= binom.ppf(level, LONG, 0.9)
