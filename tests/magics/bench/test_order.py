"""Turns are random and balanced."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise

import numpy as np
import pytest

from dlmagic.magics.bench.order import Turns, balanced_orders, cycle_length, williams_rows


def cycle(count: int, seed: int = 0) -> list[tuple[int, ...]]:
    orders = balanced_orders(count, np.random.default_rng(seed))
    return list(islice(orders, cycle_length(count)))


@pytest.mark.parametrize("count", range(1, 9))
def test_a_cycle_is_balanced(count: int) -> None:
    rounds = cycle(count)
    assert len(rounds) >= 10
    mirrored = Counter(order[::-1] for order in rounds)
    assert Counter(rounds) == mirrored
    places = Counter((place, runner) for order in rounds for place, runner in enumerate(order))
    assert set(places.values()) == {len(rounds) // count}
    followers = Counter(pair for order in rounds for pair in pairwise(order))
    assert len(followers) == count * (count - 1)
    assert len(set(followers.values())) <= 1


@pytest.mark.parametrize("count", range(2, 9))
def test_each_row_is_a_permutation(count: int) -> None:
    assert all(sorted(row) == list(range(count)) for row in williams_rows(count))


def test_orders_are_random_and_repeat_with_their_seed() -> None:
    assert cycle(3, seed=1) == cycle(3, seed=1)
    assert cycle(3, seed=1) != cycle(3, seed=2)
    firsts = [cycle(2, seed)[0][0] for seed in range(100)]
    assert 30 < sum(firsts) < 70


def test_a_global_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].tolist()
    cycle(4)
    assert np.random.get_state()[1].tolist() == before


def test_turns_begin_anew_when_a_runner_drops_out() -> None:
    turns = Turns(np.random.default_rng(0))
    assert sorted(turns.next_order(("a", "b", "c"))) == ["a", "b", "c"]
    assert sorted(turns.next_order(("a", "c"))) == ["a", "c"]
