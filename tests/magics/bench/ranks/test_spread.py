"""Skew and straggler from simulated times, whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from dlmagic.magics.bench.ranks.spread import Times, as_times, skew_of, straggler_of


def times(ranks: int, rounds: int, lag: float = 1.0, scatter: float = 0.05, seed: int = 0) -> Times:
    """Times whose last rank lags; rounds that are slow are slow for all."""
    random = np.random.default_rng(seed)
    common = np.exp(random.normal(0.0, 0.1, (rounds, 1)))
    own = np.exp(random.normal(0.0, scatter, (rounds, ranks)))
    own[:, -1] *= lag
    return 0.01 * common * own


@pytest.mark.parametrize("ranks", [2, 4, 16])
def test_equal_ranks_have_no_straggler(ranks: int) -> None:
    named = [straggler_of(times(ranks, 30, seed=seed)) for seed in range(100)]
    assert sum(lag is not None for lag in named) <= 5


@pytest.mark.parametrize("ranks", [2, 4, 16])
def test_a_rank_that_lags_is_named_with_how_much(ranks: int) -> None:
    found = [straggler_of(times(ranks, 30, lag=1.15, seed=seed)) for seed in range(20)]
    named = [lag for lag in found if lag is not None]
    assert len(named) >= 18
    assert {lag.rank for lag in named} == {ranks - 1}
    assert sum(lag.interval[0] <= 1.15 <= lag.interval[1] for lag in named) >= len(named) - 4


def test_a_lag_that_does_not_matter_is_not_named() -> None:
    assert straggler_of(times(4, 200, lag=1.005, scatter=0.001)) is None


def test_a_rank_that_lags_for_a_while_is_no_straggler() -> None:
    disturbed = times(4, 50)
    disturbed[30:, 1] *= 1.5
    assert straggler_of(disturbed) is None


def test_few_rounds_or_one_rank_name_nobody() -> None:
    assert straggler_of(times(4, 4, lag=2.0)) is None
    assert straggler_of(times(1, 50)) is None


def test_the_skew_is_from_the_fastest_to_the_slowest() -> None:
    apart = as_times([(2_000_000_000, 3_000_000_000, 5_000_000_000)] * 3, [2, 2, 2])
    assert skew_of(apart) == pytest.approx(1.5)
    assert apart.shape == (3, 3)
