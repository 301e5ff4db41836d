"""Two sets of times from different days."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, ttest_ind

from dlmagic.magics.bench.unpaired import (
    batches,
    level_of,
    mann_whitney_critical,
    mann_whitney_null,
    process_ratio_interval,
    ratio_interval,
    ratio_of_medians,
    shift_interval,
    widened,
)


@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 3), (3, 3), (4, 3), (1, 5)])
def test_the_null_distribution_is_that_of_all_orders(first: int, second: int) -> None:
    counts = np.zeros(first * second + 1)
    for chosen in itertools.combinations(range(first + second), first):
        counts[sum(chosen) - first * (first - 1) // 2] += 1
    assert mann_whitney_null(first, second) == pytest.approx(counts / counts.sum())


@pytest.mark.parametrize(("first", "second"), [(5, 5), (8, 12), (20, 20), (30, 40), (7, 90)])
def test_the_interval_inverts_the_test_of_scipy(first: int, second: int) -> None:
    """Shifted to the inside of an end the two samples do not differ; to the outside they do."""
    numbers = np.random.default_rng(first)
    a, b = numbers.normal(0.3, 1, first), numbers.normal(0, 1, second)
    interval = shift_interval(a, b)
    assert interval is not None
    method = "exact" if first * second <= 400 else "asymptotic"
    for end, outwards in zip(interval, (-1e-9, 1e-9), strict=True):
        inside = mannwhitneyu(a - end + outwards, b, method=method).pvalue
        outside = mannwhitneyu(a - end - outwards, b, method=method).pvalue
        p_values = sorted([inside, outside])
        assert p_values[0] <= 0.0505
        assert p_values[1] >= 0.0495


def test_too_few_samples_have_no_interval() -> None:
    assert mann_whitney_critical(3, 3, 0.025) == 0
    assert ratio_interval([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) is None
    assert ratio_interval([], [1.0]) is None
    assert process_ratio_interval([1.0], [1.0, 2.0]) is None


def test_the_ratio_is_that_of_the_medians_and_lies_inside() -> None:
    then, now = [2.0, 2.1, 1.9, 2.2, 2.0, 8.0], [1.0, 1.1, 0.9, 1.0, 1.0, 1.2]
    assert ratio_of_medians(then, now) == pytest.approx(2.05)
    low, high = ratio_interval(then, now) or (0, 0)
    assert 1 < low < 2.05 < high


@pytest.mark.parametrize("count", [6, 30, 100])
def test_the_interval_covers_the_truth_of_independent_times(count: int) -> None:
    """At least 933 of 1000, the 99 % limit of 95 %."""
    numbers = np.random.default_rng(count)
    covered = 0
    for _ in range(1000):
        then = np.exp(numbers.normal(math.log(1.2), 0.1, count))
        now = np.exp(numbers.normal(0, 0.1, count))
        low, high = ratio_interval(then.tolist(), now.tolist()) or (0, math.inf)
        covered += low <= 1.2 <= high
    assert covered >= 933


def test_a_machine_that_is_busy_for_a_while_does_not_fool_it() -> None:
    """With a correlation of 0.9 between rounds the test of Mann and Whitney alone is fooled."""
    numbers = np.random.default_rng(1)
    found = alone = 0
    for _ in range(200):
        then, now = _autoregressive(numbers), _autoregressive(numbers)
        low, high = ratio_interval(np.exp(then).tolist(), np.exp(now).tolist()) or (0, math.inf)
        found += not low <= 1 <= high
        ends = shift_interval(then, now) or (0, 0)
        alone += not ends[0] <= 0 <= ends[1]
    assert alone > 80
    assert found <= 24  # batches depend on each other a little


def _autoregressive(numbers: np.random.Generator) -> np.ndarray:
    values = np.zeros(200)
    for place in range(1, 200):
        values[place] = 0.9 * values[place - 1] + numbers.normal(0, 0.05)
    return values


def test_the_interval_of_processes_is_welchs() -> None:
    then, now = [2.0, 2.2, 1.9, 2.1], [1.0, 1.4, 0.9]
    expected = ttest_ind(np.log(then), np.log(now), equal_var=False).confidence_interval()
    assert process_ratio_interval(then, now) == pytest.approx(
        (math.exp(expected.low), math.exp(expected.high))
    )


def test_batches_are_neighbours() -> None:
    assert batches([1.0, 3.0] * 10) == [2.0] * 5
    assert batches([1.0] * 9) == []


def test_processes_that_are_all_alike_have_an_exact_ratio() -> None:
    assert process_ratio_interval([2.0, 2.0], [1.0, 1.0]) == (2.0, 2.0)


def test_an_interval_is_widened_on_both_sides() -> None:
    assert widened((0.5, 2.0), 2.0) == (0.25, 4.0)
    assert widened(None, 2.0) is None
    assert level_of((0.8, 1.1)) == pytest.approx(1.25)
    assert level_of((0.9, 1.3)) == pytest.approx(1.3)
