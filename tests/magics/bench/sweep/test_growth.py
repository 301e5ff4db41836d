"""Exponents and crossings, against costs that are known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy.stats import binom

from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.paired import compare_paired
from dlmagic.magics.bench.sweep.growth import analysed, growth_of
from dlmagic.magics.bench.sweep.result import Crossing, Curve, Sweep, SweepPoint
from tests.magics.bench.simulated import NOISES, FakeRunner, Machine, Noise
from tests.magics.bench.sweep.planted import COSTS, NUMBERS, measured_curve

SHORT, LONG = 40, 1000
# A machine that slows down for good between two values changes the growth that it shows.
STATIONARY = [name for name in NOISES if name not in ("drift", "step", "autoregressive 0.95")]


def exact(cost: str) -> Curve:
    medians = tuple(COSTS[cost](n) for n in NUMBERS)
    return Curve(
        arm="arm",
        numbers=tuple(map(float, NUMBERS)),
        medians=medians,
        intervals=(None,) * len(medians),
    )


def exponent(curve: Curve) -> float:
    growth = growth_of(curve)
    assert growth is not None
    return growth.exponent


def test_powers_are_found_exactly_without_noise() -> None:
    assert exponent(exact("n")) == pytest.approx(1)
    assert exponent(exact("n^2")) == pytest.approx(2)
    assert 1.1 < exponent(exact("n log n")) < 1.3


def test_what_is_no_power_widens_the_interval() -> None:
    straight, bent = growth_of(exact("n^2")), growth_of(exact("n log n"))
    assert straight is not None
    assert bent is not None
    assert straight.interval is not None
    assert bent.interval is not None
    assert straight.interval[1] - straight.interval[0] < 1e-6
    assert bent.interval[1] - bent.interval[0] > 0.01


@pytest.mark.parametrize("points", [0, 1, 2, 3])
def test_two_points_have_no_interval_and_one_no_exponent(points: int) -> None:
    whole = exact("n")
    curve = replace(whole, numbers=whole.numbers[:points], medians=whole.medians[:points])
    growth = growth_of(curve)
    assert (growth is None) == (points < 2)
    assert growth is None or (growth.interval is None) == (points == 2)


def covered(cost: str, noise: str, trials: int) -> int:
    truth = exponent(exact(cost))
    hits = 0
    for seed in range(trials):
        growth = growth_of(measured_curve(cost, NOISES[noise], seed))
        assert growth is not None
        assert growth.interval is not None
        hits += growth.interval[0] <= truth <= growth.interval[1]
    return hits


@pytest.mark.parametrize(
    ("cost", "noise"), [("n", "spikes"), ("n log n", "normal"), ("n^2", "lognormal")]
)
def test_the_interval_covers_the_true_exponent(cost: str, noise: str) -> None:
    assert covered(cost, noise, SHORT) >= binom.ppf(0.01, SHORT, 0.95)


@pytest.mark.prove
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("noise", STATIONARY)
def test_the_interval_covers_the_true_exponent_in_a_thousand_trials(cost: str, noise: str) -> None:
    assert covered(cost, noise, LONG) >= binom.ppf(0.01, LONG, 0.95)


def arm(name: str, speedup: float, verdict: str, width: float = 1.05) -> Arm:
    interval = (speedup / width, speedup * width)
    return Arm(
        name=name,
        mode=name,
        median=1e-3 / speedup,
        speedup=speedup,
        speedup_interval=interval,
        verdict=verdict,  # type: ignore[arg-type]
    )


def swept(*speedups: float, numbers: tuple[float, ...] = NUMBERS) -> Sweep:
    def verdict(speedup: float) -> str:
        if 1 / 1.05 < speedup < 1.05:
            return "unclear"
        return "faster" if speedup > 1 else "slower"

    points = [
        SweepPoint(
            text=f"{number:g}",
            number=number,
            arms=(arm("eager", 1.0, "reference"), arm("compile", each, verdict(each))),
        )
        for number, each in zip(numbers, speedups, strict=False)
    ]
    return analysed("n", points, "eager")


def only(sweep: Sweep) -> Crossing:
    [crossing] = sweep.crossings
    return crossing


def test_an_arm_overtakes_between_two_values() -> None:
    crossing = only(swept(0.25, 0.5, 2.0))
    assert (crossing.arm, crossing.turns) == ("compile", "faster")
    assert (crossing.after, crossing.before) == ("128", "256")
    assert crossing.at == pytest.approx(128 * 2**0.5)
    assert 128 < crossing.interval[0] < crossing.at < crossing.interval[1] < 256


def test_an_arm_falls_behind() -> None:
    crossing = only(swept(2.0, 1.5, 0.5))
    assert crossing.turns == "slower"
    assert crossing.at == pytest.approx(128 * 2 ** (math.log(1.5) / math.log(3)))


def test_a_value_that_cannot_be_told_lies_within_the_bracket() -> None:
    crossing = only(swept(0.5, 0.99, 2.0))
    assert (crossing.after, crossing.before) == ("64", "256")
    assert 128 < crossing.at < 256


def test_values_are_put_in_order_first() -> None:
    crossing = only(swept(2.0, 0.25, 0.5, numbers=(256, 64, 128)))
    assert (crossing.after, crossing.before) == ("128", "256")


def test_every_crossing_is_told() -> None:
    assert [c.turns for c in swept(0.5, 2.0, 0.5, 2.0).crossings] == ["faster", "slower", "faster"]


@pytest.mark.parametrize("speedups", [(2.0, 3.0), (0.5, 0.4), (1.0, 2.0), (0.5, 1.0), (0.99, 1.01)])
def test_what_is_not_sure_on_both_sides_is_no_crossing(speedups: tuple[float, ...]) -> None:
    assert swept(*speedups).crossings == ()


def test_values_below_one_and_zero_cross_on_an_even_axis() -> None:
    sweep = swept(0.5, 2.0, numbers=(-1, 1))
    assert only(sweep).at == pytest.approx(0)
    assert sweep.growth == ()


def test_texts_neither_grow_nor_cross() -> None:
    points = [
        SweepPoint(text=text, number=None, arms=(arm("eager", 1.0, "reference"), other))
        for text, other in (
            ("'sum'", arm("compile", 0.5, "slower")),
            ("'prod'", arm("compile", 2.0, "faster")),
        )
    ]
    sweep = analysed("mode", points, "eager")
    assert sweep.growth == sweep.crossings == ()


def measured_crossing(noise: Noise, seed: int) -> Sweep:
    """A quadratic and a linear cost that are equal at n = 300."""
    machine = Machine(noise, seed)
    points = []
    for number in NUMBERS:
        costs = {"square": 1e-8 * number**2, "line": 3e-6 * number}
        runners = [FakeRunner(machine, name, cost) for name, cost in costs.items()]
        done = measure(runners, seconds=10, clock=machine, seed=seed, maximum_rounds=20)
        seen = compare_paired(*done.pairs("line"))
        line = replace(arm("line", seen.speedup, seen.verdict), speedup_interval=seen.interval)
        arms = (arm("square", 1.0, "reference"), line)
        points.append(SweepPoint(text=str(number), number=number, arms=arms))
    return analysed("n", points, "square")


def crossings_found(noise: str, trials: int) -> tuple[int, int]:
    """How often the crossing is between the right values, and how often its interval has it."""
    bracketed = inside = 0
    for seed in range(trials):
        found = measured_crossing(NOISES[noise], seed).crossings
        if len(found) == 1:
            [one] = found
            bracketed += float(one.after) < 300 < float(one.before)
            inside += one.interval[0] <= 300 <= one.interval[1]
    return bracketed, inside


@pytest.mark.parametrize("noise", ["normal"])
def test_a_planted_crossing_is_found(noise: str) -> None:
    assert min(crossings_found(noise, SHORT)) >= binom.ppf(0.01, SHORT, 0.95)


@pytest.mark.prove
@pytest.mark.parametrize("noise", STATIONARY)
def test_a_planted_crossing_is_found_in_a_thousand_trials(noise: str) -> None:
    assert min(crossings_found(noise, LONG)) >= binom.ppf(0.01, LONG, 0.95)
