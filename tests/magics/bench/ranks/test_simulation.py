"""Ranks as threads with injected delays: what bookkeeping costs, and how large results get."""

from __future__ import annotations

import pytest

from benchmarks.cluster.ranks import LAG, row, simulated
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.ranks.report import with_ranks
from dlmagic.magics.bench.result import BenchResult


def test_a_round_of_a_thousand_ranks_costs_less_than_a_millisecond() -> None:
    """Processor time of rank 0; the least of several rounds, as the machine may be busy."""
    blocks, bookkeeping = simulated(1000, rounds=6)
    assert min(bookkeeping) < 1e-3
    assert {len(block.by_rank or ()) for block in blocks} == {1000}


@pytest.mark.prove
@pytest.mark.parametrize("ranks", [2, 8, 64, 256, 1000])
def test_the_one_that_lags_is_named_at_every_size(ranks: int) -> None:
    found = row(ranks)
    assert found.straggler
    assert found.bookkeeping < 1e-3
    assert found.lag == pytest.approx(LAG, rel=0.02)


def arm_of(ranks: int) -> Arm:
    blocks, _ = simulated(ranks, rounds=10)
    samples = tuple(block.per_call for block in blocks)
    return with_ranks(Arm(name="plain", median=0.01, samples=samples), blocks, None)


def test_every_sample_of_few_ranks_is_kept_and_one_median_of_each_of_many() -> None:
    few, many = arm_of(64), arm_of(65)
    assert [len(samples) for samples in few.ranks] == [10] * 64
    assert many.ranks == ()
    assert few.spread is not None
    assert many.spread is not None
    assert (len(few.spread.medians), len(many.spread.medians)) == (64, 65)
    result = BenchResult(arms=(many,), hosts=("host",) * 65, rounds=10)
    assert BenchResult.from_json(result.to_json()) == result
    assert len(result.to_json()) < 10_000
