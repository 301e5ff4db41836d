"""Warming up ends when nothing compiles any more and the level is steady, or says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scipy.stats import binom

from dlmagic.magics.bench.warmup import WarmUp, WarmUpLimits, is_level, warm_up
from tests.magics.bench.simulated import FakeRunner, Machine, lognormal, normal

LIMITS = WarmUpLimits(seconds=1.0)
Hook = Callable[[FakeRunner, int], None]


def warmed(
    hook: Hook | None = None, seconds: float = 2e-3, seed: int = 0, limits: WarmUpLimits = LIMITS
) -> WarmUp:
    machine = Machine(lambda machine: normal(machine, 0.02), seed)
    return warm_up(FakeRunner(machine, "a", seconds, hook), machine, limits)


def compiles_at(*calls: int, seconds: float = 3.0) -> Hook:
    def hook(runner: FakeRunner, call: int) -> None:
        if call in calls:
            runner.machine.time += seconds
            runner.counts["compile"] = runner.counts.get("compile", 0) + 1

    return hook


def ramp(runner: FakeRunner, call: int) -> None:
    """Half as fast at first, at full speed after some 20 calls, as when a clock speeds up."""
    runner.seconds = 2e-3 * (1 + 0.9 ** min(call, 500))


def keeps_growing(runner: FakeRunner, call: int) -> None:
    runner.seconds = 2e-3 * 1.05**call


def test_a_steady_runner_is_warm_after_one_window() -> None:
    done = warmed()
    assert done.outcome == "steady"
    assert len(done.samples) == 11
    assert done.level == pytest.approx(2e-3, rel=0.05)
    assert done.compile_seconds < 1e-3


def test_fast_calls_are_timed_in_longer_samples() -> None:
    done = warmed(seconds=1e-6)
    assert done.settled
    assert done.samples[0].calls == 1
    assert done.samples[-1].seconds == pytest.approx(1e-3, rel=0.2)


def test_a_first_call_that_compiles_is_told_apart() -> None:
    done = warmed(compiles_at(1))
    assert done.settled
    assert done.first_seconds == pytest.approx(3.002, rel=0.01)
    assert done.compile_seconds == pytest.approx(3.0, rel=0.01)
    assert done.events == {"compile": 1}


def test_a_first_call_without_a_counter_is_told_apart_too() -> None:
    def hook(runner: FakeRunner, call: int) -> None:
        runner.machine.time += 3.0 * (call == 1)

    assert warmed(hook).compile_seconds == pytest.approx(3.0, rel=0.01)


def test_a_graph_that_is_fast_from_the_third_call_on() -> None:
    done = warmed(compiles_at(1, 2))
    assert done.settled
    assert done.compile_seconds == pytest.approx(6.0, rel=0.01)
    assert len(done.samples) == 12


def test_a_late_compilation_starts_the_count_again() -> None:
    done = warmed(compiles_at(1, 8))
    assert done.settled
    assert len(done.samples) == 18


def test_compiling_costs_no_time_of_the_limit() -> None:
    assert warmed(compiles_at(1, 2, 3, seconds=10.0)).settled


def test_a_runner_that_compiles_at_every_call() -> None:
    done = warmed(compiles_at(*range(1, 1000), seconds=0.1))
    assert done.outcome == "compiling"
    assert len(done.samples) == LIMITS.maximum_compiles


def test_a_runner_that_compiles_at_every_call_has_a_limit_in_seconds() -> None:
    limits = WarmUpLimits(seconds=1.0, compiling_seconds=5.0)
    for each, calls in ((20.0, 3), (2.0, 3), (1.0, 5), (0.1, 12)):
        done = warmed(compiles_at(*range(1, 1000), seconds=each), limits=limits)
        assert (done.outcome, len(done.samples)) == ("compiling", calls)
        assert done.cut_short == (calls < 12)


def test_a_limit_in_seconds_spares_who_has_finished_compiling() -> None:
    limits = WarmUpLimits(seconds=1.0, compiling_seconds=5.0)
    assert warmed(compiles_at(1, 2, seconds=60.0), limits=limits).settled
    assert warmed(compiles_at(1, 8, seconds=60.0), limits=limits).settled
    assert not warmed(compiles_at(1, 2, seconds=60.0), limits=limits).cut_short


def test_a_call_slower_than_the_limit_is_made_twice() -> None:
    done = warmed(seconds=20.0)
    assert (done.outcome, len(done.samples)) == ("short", 2)


@pytest.mark.parametrize(("hook", "least", "most"), [(None, 11, 13), (ramp, 18, 45)])
def test_the_end_comes_at_the_right_time(hook: Hook | None, least: int, most: int) -> None:
    trials = 100
    right = sum(least <= len(warmed(hook, seed=seed).samples) <= most for seed in range(trials))
    assert right >= binom.ppf(0.01, trials, 0.95)


def test_what_never_settles_is_called_so() -> None:
    trials = 100
    limits = WarmUpLimits(seconds=60.0)
    outcomes = [warmed(keeps_growing, seed=seed, limits=limits).outcome for seed in range(trials)]
    assert outcomes.count("unsteady") >= binom.ppf(0.01, trials, 0.95)


def test_mere_noise_settles() -> None:
    for seed in range(50):
        machine = Machine(lognormal, seed)
        assert warm_up(FakeRunner(machine, "a", 2e-3), machine, LIMITS).settled


def test_a_trend_does_not_excuse_itself() -> None:
    assert is_level([1.0] * 10)
    assert is_level([1.0, 1.3] * 5)
    assert not is_level([1.0 + 0.05 * step for step in range(10)])
    assert not is_level([1.0] * 5 + [1.2] * 5)


def test_state_is_put_back_before_each_sample() -> None:
    machine = Machine()
    runner = FakeRunner(machine, "a", 2e-3)
    assert len(warm_up(runner, machine, LIMITS).samples) == runner.restored


@pytest.mark.parametrize("wait", [1e-4, 5e-4, 2e-3])
def test_a_long_wait_for_devices_is_not_taken_for_the_calls(wait: float) -> None:
    """A call of 0.2 microseconds, where each block ends with such a wait."""
    machine = Machine()
    runner = FakeRunner(machine, "a", 2e-7)
    runner.synchronise = lambda: machine.work(wait)  # type: ignore[method-assign]
    done = warm_up(runner, machine, WarmUpLimits())
    assert done.settled
    assert done.wait == pytest.approx(wait)
    assert done.samples[-1].calls * 2e-7 > 4 * wait
    assert done.fastest == pytest.approx(2e-7, rel=0.01)
