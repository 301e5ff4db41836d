"""What watching adds to a training step; ``benchmarks.watch.overhead`` measures more of it."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time

import pytest
import torch

from benchmarks.watch_proofs import DEFAULT, IDLE, LIMITS, Plan, measured

SHORT = Plan(clock=process_time, idle=12, rounds=6, longest=0.5, rarest=0)
"""On one thread, by the processor's clock: what misses a limit there misses it beyond doubt."""

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2 if request.node.get_closest_marker("prove") else 1)
    yield
    torch.set_num_threads(before)


def test_small_layers_are_watched_within_the_limits_of_what_is_usual() -> None:
    found = measured("300 small layers", SHORT)
    for way in (IDLE, DEFAULT):
        low, _ = found.ratios[way].interval
        assert low < LIMITS[found.model][way], way


@pytest.mark.prove
@pytest.mark.parametrize("model", LIMITS)
def test_all_models_are_watched_within_the_limits(model: str) -> None:
    assert list(measured(model, Plan()).missed()) == []
