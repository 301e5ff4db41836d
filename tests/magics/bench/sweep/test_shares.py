"""How the time of a sweep is divided."""

from __future__ import annotations

import pytest

from dlmagic.errors import OptionError
from dlmagic.magics.bench.measure import measure
from dlmagic.magics.bench.sweep.shares import share_of_each
from tests.magics.bench.simulated import FakeRunner, Machine


def test_every_value_gets_the_same() -> None:
    assert share_of_each(6, 3, 2) == 2


@pytest.mark.parametrize(
    ("values", "arms", "needed"), [(3, 1, "0.4"), (12, 2, "3"), (12, 8, "12"), (2, 1, "0.3")]
)
def test_too_little_is_refused_and_told(values: int, arms: int, needed: str) -> None:
    with pytest.raises(OptionError, match=f"at least {needed} s needed.*--time {needed}") as caught:
        share_of_each(0.1, values, arms)
    assert "\n" not in str(caught.value)
    assert share_of_each(float(needed), values, arms) == float(needed) / values


@pytest.mark.parametrize("arms", [1, 2, 8])
def test_the_least_share_has_the_rounds_that_an_interval_needs(arms: int) -> None:
    machine = Machine()
    runners = [FakeRunner(machine, f"arm {k}", 1e-4 * (1 + k)) for k in range(arms)]
    share = share_of_each(12, 12 if arms == 8 else 60 // arms, arms)
    assert len(measure(runners, seconds=share, clock=machine).rounds) >= 10
