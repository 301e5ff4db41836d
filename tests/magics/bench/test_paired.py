"""The estimate, its interval and the words for them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import wilcoxon

from dlmagic.magics.bench.paired import (
    compare_paired,
    median_interval,
    signed_rank_critical,
    signed_rank_interval,
    verdict_of,
    walsh_averages,
)


@pytest.mark.parametrize(("count", "critical"), [(5, 0), (6, 1), (10, 9), (20, 53), (50, 435)])
def test_critical_values_are_those_of_the_tables(count: int, critical: int) -> None:
    assert signed_rank_critical(count, 0.025) == critical


def test_exact_and_normal_critical_values_meet() -> None:
    assert 435 < signed_rank_critical(51, 0.025) < 460


@pytest.mark.parametrize("count", [8, 15, 40])
def test_the_interval_holds_what_wilcoxons_test_does_not_reject(count: int) -> None:
    values = np.random.default_rng(count).normal(0.1, 1, count)
    low, high = signed_rank_interval(walsh_averages(values), count) or (0.0, 0.0)
    for inside, outside in ((low + 1e-9, low - 1e-9), (high - 1e-9, high + 1e-9)):
        assert wilcoxon(values - inside, method="exact").pvalue > 0.05
        assert wilcoxon(values - outside, method="exact").pvalue <= 0.05


def test_a_constant_ratio_is_found_exactly() -> None:
    times = np.random.default_rng(0).lognormal(0, 1, 30)
    comparison = compare_paired(list(times), list(times / 3))
    assert comparison.speedup == pytest.approx(3)
    assert comparison.interval == pytest.approx((3, 3))
    assert comparison.verdict == "faster"


def test_a_spike_moves_nothing() -> None:
    reference = [1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0, 1.01, 0.99, 1.0, 1.0]
    assert compare_paired([*reference, 100.0], [*reference, 1.0]).verdict == "same"


def test_few_rounds_allow_no_interval() -> None:
    comparison = compare_paired([2.0] * 5, [1.0] * 5)
    assert (comparison.speedup, comparison.interval) == (pytest.approx(2), None)
    assert comparison.verdict == "unclear"
    assert math.isnan(compare_paired([], []).speedup)


def test_rounds_must_be_the_same() -> None:
    with pytest.raises(ValueError, match="same rounds"):
        compare_paired([1.0], [])


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((1.1, 1.2), "faster"),
        ((0.8, 0.9), "slower"),
        ((0.99, 1.01), "same"),
        ((1.001, 1.019), "same"),
        ((1.01, 1.03), "faster"),
        ((0.9, 1.1), "unclear"),
        (None, "unclear"),
    ],
)
def test_verdicts(interval: tuple[float, float] | None, verdict: str) -> None:
    assert verdict_of(interval) == verdict


def test_a_median_has_an_interval_from_six_samples_on() -> None:
    assert median_interval(list(range(5))) is None
    assert median_interval(list(range(6))) == (0.0, 5.0)
    assert median_interval([]) is None
