"""Samples of several ranks as one, against the same values measured at once."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from dlmagic.magics.watch.pieces import Pieces, rows_of
from dlmagic.magics.watch.rank_result import RankState
from dlmagic.magics.watch.rank_table import rank_parts
from dlmagic.magics.watch.ranks.gathering import MOST_WAITING, PATIENCE, Gathering
from dlmagic.magics.watch.ranks.reduction import Reduction
from dlmagic.magics.watch.ranks.session import kept_of
from dlmagic.magics.watch.ranks.wire import Packer, Unpacker
from dlmagic.magics.watch.sample_result import EDGES, STATISTICS, Row, Sample

OUTPUT = Row("fc", "Linear", "activation", "", (4, 5))
WEIGHT = Row("fc", "Linear", "weight", "weight", (5, 3))
UPDATE = Row("fc", "Linear", "update", "weight", (5, 3))


def pieces(values: np.ndarray) -> Pieces:
    finite = values[np.isfinite(values)]
    moments = [finite.mean(), finite.var(), finite.min(), finite.max()]
    counts = [(finite == 0).sum(), np.isnan(values).sum(), np.isinf(values).sum(), len(finite)]
    bins = np.bincount(np.searchsorted(EDGES, finite, "right"), minlength=len(EDGES) + 1)
    size = np.array([float(len(values))])
    whole = np.array([[*moments, *counts]], float)
    return Pieces(np.zeros(1, np.int64), size, size, whole, bins[None])


def sample(step: int = 1, **rows: np.ndarray) -> Sample:
    """One with an output, a weight and an update, as far as they are given."""
    kinds = {"output": OUTPUT, "weight": WEIGHT, "update": UPDATE}
    measured = [rows_of(pieces(values), 1) for values in rows.values()]
    return Sample(
        step,
        tuple(kinds[name] for name in rows),
        np.concatenate([values for values, _ in measured]),
        np.concatenate([histograms for _, histograms in measured]),
        True,
        np.ones(len(rows), np.uint32),
    )


def number(found: Sample, statistic: str, row: int = 0) -> float:
    return float(found.values[row, STATISTICS.index(statistic)])


@pytest.mark.parametrize("bad", [(), (np.nan,), (np.inf, np.nan)])
def test_outputs_are_as_if_measured_at_once(bad: tuple[float, ...]) -> None:
    draw = np.random.default_rng(0)
    shares = [draw.normal(k, 1 + k, size) for k, size in enumerate((40, 7, 200))]
    shares[0][:9] = 0
    shares[1] = np.append(shares[1], bad)
    found = Reduction().of([sample(output=share) for share in shares])
    whole = sample(output=np.concatenate(shares))
    for statistic in ("mean", "std", "norm", "min", "max", "zeros", "nan", "inf", "seen", "total"):
        assert number(found, statistic) == pytest.approx(
            number(whole, statistic), rel=1e-5, nan_ok=True
        ), statistic
    assert (found.histograms == whole.histograms).all()


def test_copies_are_one_parameter_and_parts_are_together() -> None:
    values = np.random.default_rng(1).normal(size=15)
    copies = Reduction().of([sample(weight=values), sample(weight=values)])
    alone = sample(weight=values)
    for statistic in ("mean", "std", "norm", "total", "seen"):
        assert number(copies, statistic) == pytest.approx(number(alone, statistic), rel=1e-6)
    parts = Reduction(parts=True).of([sample(weight=values[:9]), sample(weight=values[9:])])
    for statistic in ("mean", "std", "norm", "total", "seen", "min"):
        assert number(parts, statistic) == pytest.approx(number(alone, statistic), rel=1e-6)


def test_updates_are_in_norms_of_their_weights() -> None:
    draw = np.random.default_rng(2)
    samples, ratios = [], []
    for _ in range(2):
        weight, update = draw.normal(size=15), 0.1 * draw.normal(size=15)
        made = sample(weight=weight, update=update)
        ratio = np.linalg.norm(update) / np.linalg.norm(weight)
        made.values[1, STATISTICS.index("ratio")] = ratio
        samples.append(made)
        ratios.append((np.linalg.norm(update), np.linalg.norm(weight)))
    updates, weights = np.array(ratios).T
    wanted = math.hypot(*updates) / math.hypot(*weights)
    assert number(Reduction().of(samples), "ratio", 1) == pytest.approx(wanted, rel=1e-5)


def test_rows_that_only_some_ranks_have() -> None:
    values = np.ones(4)
    reduction = Reduction()
    parts = sample(output=values), sample(output=values, weight=values)
    found = reduction.of(parts)
    assert found.rows == (OUTPUT, WEIGHT)
    assert number(found, "total") == 8
    assert number(found, "norm", 1) == 2
    assert reduction.of(parts).rows is found.rows  # as a sample promises


def test_what_travels_is_what_was_measured() -> None:
    packer, unpacker = Packer(), Unpacker()
    first = sample(output=np.array([1.0, np.nan, 3.0]))
    second = Sample(2, first.rows, first.values, first.histograms, False, first.calls)
    one, two = (unpacker.unpack(packer.pack(each)) for each in (first, second))
    assert one.rows is two.rows
    assert (one.step, two.step, one.exact, two.exact) == (1, 2, True, False)
    for found in (one, two):
        np.testing.assert_array_equal(found.values, first.values)
        np.testing.assert_array_equal(found.histograms, first.histograms)
        np.testing.assert_array_equal(found.calls, first.calls)


class Ranks:
    """Ranks that tell of steps, and a clock that stands still."""

    def __init__(self, size: int) -> None:
        self.now = 0.0
        self.gathering = Gathering("net", size, clock=lambda: self.now)

    def tell(self, rank: int, *steps: int) -> None:
        samples = [sample(step, output=np.ones(2)) for step in steps]
        self.gathering.add(rank, samples, steps[-1])

    def ready(self) -> list[int]:
        return [each.step for each in self.gathering.ready()]


def test_a_step_waits_for_all() -> None:
    ranks = Ranks(2)
    ranks.tell(0, 1, 5)
    assert ranks.ready() == []
    ranks.tell(1, 1)
    assert ranks.ready() == [1]
    ranks.tell(1, 5)
    (found,) = ranks.gathering.ready()
    assert number(found, "total") == 4


def test_steps_that_only_some_have_measured_go() -> None:
    ranks = Ranks(2)
    ranks.tell(0, 1, 3, 5, 7, 9)
    ranks.tell(1, 1, 5, 9)
    assert ranks.ready() == [1, 5, 9]
    assert ranks.gathering.left_out == 2


def test_who_is_idle_or_gone_is_not_waited_for() -> None:
    ranks = Ranks(3)
    ranks.tell(0, 1, 2)
    ranks.tell(1, 1)
    assert ranks.ready() == []
    ranks.now = PATIENCE + 1
    assert ranks.ready() == [1, 2]  # rank 2 has told nothing, and rank 1 no more
    ranks.tell(0, 3)
    assert ranks.ready() == [3]
    ranks.tell(1, 4)
    ranks.tell(0, 4, 5)
    assert ranks.ready() == [4]  # rank 1 trains again
    ranks.gathering.gone(1)
    assert ranks.ready() == [5]


def test_memory_is_bounded_where_one_rank_stands_still() -> None:
    ranks = Ranks(2)
    ranks.tell(1, 1)
    ranks.tell(0, *range(1, MOST_WAITING + 50))
    assert ranks.ready()[-1] == MOST_WAITING + 49
    ranks.tell(1, 2)
    assert ranks.gathering.left_out == 1  # it is too late


def test_a_thousand_ranks_are_reduced_in_a_moment_and_kept_in_little() -> None:
    row = sample(output=np.ones(4))
    rows = tuple(Row(f"layer{k}", "Linear", "activation") for k in range(100))
    each = Sample(
        1,
        rows,
        np.repeat(row.values, 100, axis=0),
        np.repeat(row.histograms, 100, axis=0),
        True,
        np.ones(100, np.uint32),
    )
    began = time.process_time()
    found = Reduction().of([each] * 1000)
    assert time.process_time() - began < 2.0
    assert number(found, "total", 99) == 4000

    ranks = [RankState(k, "node", 9, lost="gone" if k > 997 else "") for k in range(1000)]
    kept = kept_of(ranks)
    assert len(kept) == 64
    assert [each.rank for each in kept][-3:] == [61, 998, 999]
    shown = list(rank_parts(kept, len(ranks)))
    assert "And 984 ranks more." in repr(shown)
