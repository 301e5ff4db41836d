"""Ranks that share one clock make the same decisions, whatever each of them sees by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, repeat
from typing import Any

import numpy as np
import pytest

from benchmarks.cluster.threads import Host, on_ranks
from dlmagic.errors import RankError
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.measurement import Measurement
from dlmagic.magics.bench.ranks.clock import RanksClock, agreed_calls, together


def scattered(seconds: float, seed: int, spread: float = 0.3) -> Iterator[float]:
    random = np.random.default_rng(seed)
    while True:
        yield seconds * float(np.exp(random.normal(0.0, spread)))


def measured(hosts: list[Host], seconds: float = 2.0) -> list[Measurement]:
    """The whole measurement of the room, as every rank ran it."""

    def work(rank: int, clock: RanksClock) -> Measurement:
        return measure([hosts[rank]], seconds=seconds, clock=clock, maximum_rounds=30)

    return on_ranks(hosts, work)[0]


def test_ranks_of_unequal_speed_take_the_same_turns() -> None:
    ranks = measured([Host(scattered(2e-3 * (1 + rank), rank)) for rank in range(4)])
    first = ranks[0]
    assert len(first.rounds) >= 10
    for other in ranks[1:]:
        assert (other.calls, other.ending, other.warm_ups) == (
            first.calls,
            first.ending,
            first.warm_ups,
        )
        assert other.samples("simulated") == first.samples("simulated")
        assert [each.order for each in other.rounds] == [each.order for each in first.rounds]


def test_a_round_takes_as_long_as_its_slowest_rank() -> None:
    first, other = measured([Host(repeat(1e-3)), Host(repeat(3e-3))])
    assert first.samples("simulated") == pytest.approx([3e-3] * len(first.rounds))
    calls = first.calls["simulated"]
    by_rank = [block.by_rank for block in first.blocks("simulated")]
    assert by_rank == [(calls * 1_000_000, calls * 3_000_000)] * len(first.rounds)
    assert all(block.by_rank is None for block in other.blocks("simulated"))


class Recompiling(Host):
    """A host on which something is compiled in some calls."""

    compiled = 0

    def run(self, calls: int) -> None:
        super().run(calls)
        self.compiled += calls and self.time % 0.1 < 0.01

    def events(self) -> Mapping[str, int]:
        return {"recompile": self.compiled}


def test_what_happens_on_one_rank_counts_on_all() -> None:
    first, other = measured([Host(repeat(4e-3)), Recompiling(repeat(5e-3))])
    assert first.events("simulated").get("recompile", 0) > 0
    assert first.events("simulated") == other.events("simulated")
    assert first.steady_samples("simulated") == other.steady_samples("simulated")


class Interrupted(Host):
    """A host whose user wants to stop at a certain time."""

    def run(self, calls: int) -> None:
        super().run(calls)
        self.stopping = self.time > 0.5


def test_an_interrupt_that_reaches_one_rank_stops_all_at_the_same_point() -> None:
    first, other = measured(
        [Host(scattered(4e-3, 0)), Interrupted(scattered(5e-3, 1))], seconds=60.0
    )
    assert (first.ending, other.ending) == ("interrupted", "interrupted")
    assert len(first.rounds) == len(other.rounds) > 0


def test_an_exception_on_a_rank_ends_it_for_that_rank_with_its_own_error() -> None:
    clock = RanksClock(0, Alone(), Host(repeat(1e-3)))

    def fail(_calls: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        clock.timed(fail, 1, dict)


class Alone:
    """A meeting of one."""

    def meet(self, value: Any, decide: Any, patience: float | None = None) -> Any:
        return decide([value])


def test_ranks_that_make_other_numbers_of_calls_are_out_of_step() -> None:
    assert agreed_calls([7, 7, 7]) == 7
    with pytest.raises(RankError, match="Rank 2 is out of step with rank 0") as told:
        agreed_calls([7, 7, 8])
    assert told.value.rank == 2


def test_the_bookkeeping_takes_numbers_and_more_than_numbers() -> None:
    assert together([5, 9, 7]) == ((5, 9, 7), {}, False)
    said = [5, [9, {"compile": 1, "recompile": 2}, False], [7, {"compile": 3}, True]]
    assert together(said) == ((5, 9, 7), {"compile": 3, "recompile": 2}, True)


def test_only_what_holds_on_every_rank_holds() -> None:
    hosts = [Host(repeat(1.0)) for _ in range(3)]
    turns = count()

    def work(rank: int, clock: RanksClock) -> tuple[bool, bool, object]:
        next(turns)
        return clock.everywhere(True), clock.everywhere(rank != 1), clock.decided(rank)

    assert on_ranks(hosts, work)[0] == [(True, False, 0)] * 3
