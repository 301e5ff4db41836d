"""The fixed piece of work that tells how much a machine has changed."""

from __future__ import annotations

import pytest

from dlmagic.magics.bench.clock import Clock, WallClock
from dlmagic.magics.bench.yardstick import burst, machine_level, machine_ratio


class Ticking(Clock):
    """A clock that goes on by a millisecond whenever it is read."""

    time = 0.0

    def now(self) -> float:
        self.time += 1e-3
        return self.time


def test_a_burst_takes_its_time_and_not_more() -> None:
    taken = burst(WallClock(), 0.02)
    assert len(taken) >= 10
    assert all(seconds > 0 for seconds in taken)
    assert len(burst(Ticking(), 0.1)) <= 100
    assert len(burst(Ticking(), 0.0)) == 10


def times(factor: float, count: int = 100) -> tuple[float, ...]:
    return tuple(factor * 1e-3 * (1 + 0.01 * (k % 5 - 2)) for k in range(count))


def test_a_machine_that_is_slower_now_is_told_by_how_much() -> None:
    then, now = (times(1), times(1)), (times(1.3), times(1.3))
    assert machine_ratio(then, now) == pytest.approx(1.3)
    assert machine_level(then, now) == pytest.approx(1.3, rel=0.02)
    assert machine_level(now, then) == pytest.approx(1.3, rel=0.02)


def test_a_machine_that_did_not_stay_the_same_for_one_benchmark_is_no_measure() -> None:
    steady, unsteady = (times(1), times(1)), (times(0.8), times(1.25))
    assert machine_level(steady, steady) == pytest.approx(1.0, abs=0.01)
    assert machine_level(steady, unsteady) >= 1.5
    assert machine_level(unsteady, steady) >= 1.5


@pytest.mark.parametrize("bursts", [(), ((),)])
def test_without_a_burst_nothing_is_known(bursts: tuple[tuple[float, ...], ...]) -> None:
    assert machine_ratio(bursts, (times(1),)) is None
    assert machine_level(bursts, (times(1),)) is None
