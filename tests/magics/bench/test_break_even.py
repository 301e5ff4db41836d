"""After how many calls compiling has paid off: how often the interval is right, and "never"."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from dlmagic.devices.load import Reading
from dlmagic.magics.bench.break_even import BreakEven, Gain, break_even, gain_of
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.timing import timings_of
from tests.magics.bench.simulated import NOISES, FakeRunner, Machine, machine_with

COMPILING = 2.0
CERTAIN = Gain(0.001, (0.0008, 0.00125), certain=True)
# Here the mean is the middle: what is paid off in the end is a matter of sums.
SYMMETRIC = ("normal", "bimodal", "quantised", "first place")


def test_the_ends_come_from_both_intervals() -> None:
    assert break_even(12.0, None, CERTAIN, "faster") == BreakEven(12_000, (9_600, 15_000))
    assert break_even(12.0, (10.0, 20.0), CERTAIN, "faster") == BreakEven(12_000, (8_000, 25_000))
    assert break_even(0.0, None, CERTAIN, "faster") == BreakEven(0, (0, 0))


@pytest.mark.parametrize(
    ("gain", "verdict", "expected"),
    [
        (Gain(1e-3, (-1e-4, 2e-3), certain=False), "unclear", BreakEven(None, (6_000, None))),
        (Gain(1e-3, (-1e-4, 2e-3), certain=False), "faster", BreakEven(None, (6_000, None))),
        (Gain(1e-3, (5e-4, 2e-3), certain=False), "faster", BreakEven(None, (6_000, None))),
        (Gain(-1e-3, (-2e-3, -1e-4), certain=False), "slower", BreakEven()),
        (Gain(-1e-3, (-2e-3, -1e-4), certain=False), "unclear", BreakEven()),
        (Gain(1e-5, (5e-6, 2e-5), certain=True), "same", BreakEven()),
        (Gain(1e-3, None, certain=False), "unclear", BreakEven()),
        (Gain(math.nan, None, certain=False), "unclear", BreakEven()),
    ],
)
def test_what_is_not_certain_pays_off_perhaps_never(gain: Gain, verdict, expected) -> None:
    assert break_even(12.0, None, gain, verdict) == expected


def test_scatter_makes_both_ends_less_sure() -> None:
    steady = break_even(12.0, None, CERTAIN, "faster").interval
    scattering = replace(CERTAIN, scatter=0.002, calls=10)
    wider = break_even(12.0, None, scattering, "faster").interval
    assert steady is not None
    assert wider is not None
    assert wider[0] < steady[0] < steady[1] < (wider[1] or 0)
    assert wider == pytest.approx(steady, rel=0.2)
    cheap = break_even(0.001, None, scattering, "faster").interval
    assert cheap is not None
    assert cheap[1] is not None, "a gain beyond doubt pays off, however much it scatters"


def test_the_gain_comes_from_pairs() -> None:
    machine = np.random.default_rng(0).lognormal(0, 0.5, 20)  # it slows both down
    gain = gain_of(0.002 * machine, 0.001 * machine)
    assert gain.certain
    assert gain.interval is not None
    assert gain.interval[0] < gain.seconds < gain.interval[1]
    assert gain.seconds == pytest.approx(0.001 * np.median(machine), rel=0.3)


def test_one_round_tells_nothing() -> None:
    assert gain_of([0.002], [0.001]).interval is None
    assert not gain_of([0.002], [0.001]).certain
    assert math.isnan(gain_of([], []).seconds)


def test_a_clock_without_noise_is_certain() -> None:
    assert gain_of([0.002] * 8, [0.001] * 8).certain
    assert not gain_of([0.001] * 8, [0.001] * 8).certain


def trial(noise: str, seed: int, seconds: float) -> tuple[BreakEven, Machine]:
    """One measurement of a mode that compiles once, against a reference of 1 ms a call."""
    machine = machine_with(noise, seed)

    def compiles(runner: FakeRunner, call: int) -> None:
        if call == 1:
            machine.time += COMPILING
            runner.counts["compile"] = 1

    runners = [FakeRunner(machine, "eager"), FakeRunner(machine, "compile", seconds, compiles)]
    measured = measure(
        runners,
        seconds=1.5,
        clock=machine,
        seed=seed + 10**6,
        on_progress=machine.new_round,
        read=lambda: Reading(0, 0),
    )
    timing = timings_of(measured)["compile"]
    gain = gain_of(*measured.pairs("compile"), measured.calls["compile"])
    return break_even(timing.compile_seconds, None, gain, timing.comparison.verdict), machine


def crossing(machine: Machine, seconds: float) -> int:
    """Calls after which the mode, compiled once, is ahead of the reference: both are run."""
    ahead, calls, block = -COMPILING, 0, 20
    while ahead < 0:
        order = machine.random.permutation(2)
        for place, which in enumerate(order, 1):
            machine.place = place
            start = machine.time
            machine.work(block * (seconds if which else 1e-3))
            ahead += (start - machine.time) if which else (machine.time - start)
        calls += block
    return calls


def covered(noise: str, trials: int, seconds: float = 0.8e-3) -> int:
    inside = 0
    for seed in range(trials):
        found, machine = trial(noise, seed, seconds)
        low, high = found.interval or (math.inf, 0)
        inside += low <= crossing(machine, seconds) <= (math.inf if high is None else high)
    return inside


def said_to_pay_off(noise: str, seconds: float, trials: int = 200) -> int:
    return sum(trial(noise, seed, seconds)[0].calls is not None for seed in range(trials))


@pytest.mark.parametrize("noise", SYMMETRIC)
def test_the_measured_crossing_lies_inside_the_interval(noise: str) -> None:
    assert covered(noise, 60) >= binom.ppf(0.01, 60, 0.93)


def test_the_interval_is_no_wider_than_it_must_be() -> None:
    widths = []
    for seed in range(20):
        low, high = trial("normal", seed, 0.5e-3)[0].interval or (0, None)
        widths.append(math.inf if high is None else high / low)
    assert np.median(widths) < 1.2


def test_a_mode_that_gains_much_is_said_to_pay_off() -> None:
    assert said_to_pay_off("normal", 0.5e-3, 30) == 30
    assert said_to_pay_off("lognormal", 0.5e-3, 30) == 30


@pytest.mark.parametrize("factor", [1.0, 1.02, 1.5])
@pytest.mark.parametrize("noise", NOISES)
def test_a_mode_without_a_gain_never_pays_off(noise: str, factor: float) -> None:
    assert said_to_pay_off(noise, factor * 1e-3, 20) == 0


@pytest.mark.prove
def test_break_even_in_full() -> None:
    """200 trials each; whoever is promised a gain has one in all of them."""
    for noise in SYMMETRIC:
        assert covered(noise, 200) >= 0.9 * 200, noise
    for noise in NOISES:
        for factor in (1.0, 1.02, 1.5):
            assert said_to_pay_off(noise, factor * 1e-3) == 0, (noise, factor)
