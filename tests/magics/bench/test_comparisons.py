"""Every comparison judged with all others in view."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, wilcoxon

from dlmagic.magics.bench.block import Block
from dlmagic.magics.bench.comparisons import comparisons_of, second_copy_of
from dlmagic.magics.bench.measurement import Measurement, Round
from dlmagic.magics.bench.paired import compare_paired
from dlmagic.magics.bench.second_copy import SECOND_COPY
from dlmagic.magics.bench.several import surviving_holm

# SciPy 1.14 has another word for it.
LARGE = "asymptotic" if "asymptotic" in (wilcoxon.__doc__ or "") else "approx"
P_VALUES = st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8)


def measurement(**ratios: list[float]) -> Measurement:
    """A reference of one second a call, and runners that are so many times as fast."""
    count = len(next(iter(ratios.values())))
    names = ("eager", *(name for name in ratios if name != "copy"))
    rounds = []
    for turn in range(count):
        blocks = {"eager": Block(1, 1.0)}
        for name, each in ratios.items():
            blocks[SECOND_COPY if name == "copy" else name] = Block(1, 1 / each[turn])
        rounds.append(Round(tuple(blocks), blocks))
    return Measurement(names, "eager", tuple(rounds), {}, {}, {}, "budget", 1.0, 1.0)


def around(centre: float, count: int = 30, spread: float = 0.05, seed: int = 0) -> list[float]:
    noise = np.random.default_rng(seed).normal(0, spread, count)
    return [centre * math.exp(each) for each in noise - noise.mean()]


@given(P_VALUES)
def test_holm_rejects_no_more_than_single_tests_and_no_less_than_bonferronis(p_values) -> None:
    rejects = surviving_holm(p_values)
    for name, p_value in p_values.items():
        if rejects[name]:
            assert p_value <= 0.05 + 1e-12
        if p_value <= 0.05 / len(p_values):
            assert rejects[name]


@given(P_VALUES)
def test_holm_is_no_more_lenient_than_the_rate_of_false_discoveries(p_values) -> None:
    """Step-down control of any error implies that of their expected share."""
    rejects = surviving_holm(p_values)
    if p_values:
        adjusted = false_discovery_control(list(p_values.values()))
        for rejected, each in zip(rejects.values(), adjusted, strict=True):
            assert not rejected or each <= 0.05 + 1e-12


def test_a_difference_that_one_comparison_shows_is_doubted_among_many() -> None:
    lone = around(1.022, spread=0.05)
    assert compare_paired([1.0] * 30, [1 / each for each in lone]).verdict == "faster"
    many = {f"equal_{k}": around(1.0, seed=k + 1) for k in range(7)}
    judged = comparisons_of(measurement(lone=lone, **many))
    assert judged["lone"].verdict == "unclear"
    assert judged["lone"].interval is not None
    assert judged["lone"].interval[0] > 1, "the interval stays what it is"
    assert "among 8 comparisons" in judged["lone"].doubt
    assert comparisons_of(measurement(lone=lone))["lone"].verdict == "faster"


def test_a_clear_difference_stands_among_many() -> None:
    many = {f"equal_{k}": around(1.0, seed=k + 1) for k in range(7)}
    assert comparisons_of(measurement(fast=around(1.2), **many))["fast"].verdict == "faster"


def test_no_difference_counts_that_the_second_copy_shows_as_well() -> None:
    unequal = around(1.10, spread=0.02)
    judged = comparisons_of(measurement(small=around(1.08, seed=1), copy=unequal))
    assert judged["small"].verdict == "unclear"
    assert "second copy" in judged["small"].doubt
    large = comparisons_of(measurement(large=around(1.5, seed=1), copy=unequal))
    assert large["large"].verdict == "faster"
    quiet = comparisons_of(measurement(small=around(1.08, seed=1), copy=around(1.0, seed=2)))
    assert quiet["small"].verdict == "faster"


def test_without_a_second_copy_nothing_is_said_of_it() -> None:
    assert second_copy_of(measurement(fast=around(2.0))) is None


def test_the_reference_is_the_reference() -> None:
    own = comparisons_of(measurement(fast=around(2.0)))["eager"]
    assert (own.speedup, own.verdict, own.rounds) == (1.0, "reference", 30)


@pytest.mark.parametrize("count", [8, 20, 50, 120])
def test_the_p_value_is_that_of_wilcoxons_test(count: int) -> None:
    logs = np.random.default_rng(count).normal(0.02, 0.1, count)
    found = compare_paired([1.0] * count, list(np.exp(-logs))).p_value
    method = "exact" if count <= 50 else LARGE
    expected = wilcoxon(logs, method=method, correction=True).pvalue
    assert found == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 2)), min_size=6, max_size=70))
def test_the_p_value_says_what_the_interval_says(logs: list[float]) -> None:
    comparison = compare_paired([1.0] * len(logs), [math.exp(-each) for each in logs])
    assert comparison.interval is not None
    low, high = comparison.interval
    if low > 1 + 1e-12 or high < 1 - 1e-12:
        assert comparison.p_value <= 0.05 + 1e-12
    if low < 1 - 1e-12 and high > 1 + 1e-12:
        assert comparison.p_value > 0.05 - 1e-12
