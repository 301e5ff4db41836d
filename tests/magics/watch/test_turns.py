"""How the figures of ``benchmarks.watch.overhead`` come of times, on times that are made up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import numpy as np
import pytest

from benchmarks.watched_in_turns import (
    Watched,
    Way,
    counted_in_turns,
    ratio,
    ratio_by_measured,
)
from benchmarks.watched_models import Training, small_layers

PLAIN, WATCHED = "plain", "watched"
ROUNDS, ONE_IN, ADDED, BETWEEN = 800, 20, 0.5, 0.002
"""Blocks, of which one in so many has a measured step, what that adds, and what others do."""


def made_up(seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    random = np.random.default_rng(seed)
    counts = (np.arange(ROUNDS) % ONE_IN == 0).astype(np.intp)
    noise = 1 + 0.01 * random.standard_normal((2, ROUNDS))
    disturbed = np.where(random.random((2, ROUNDS)) < 0.05, 3.0, 1.0)  # something else has run
    plain, watched = 0.01 * noise * disturbed
    return {PLAIN: plain, WATCHED: watched * (1 + BETWEEN + ADDED * counts)}, counts


@pytest.mark.parametrize("seed", range(5))
def test_few_measured_blocks_count_by_their_number(seed: int) -> None:
    times, counts = made_up(seed)
    truth = 1 + BETWEEN + ADDED / ONE_IN
    found = ratio_by_measured(times, counts, WATCHED, PLAIN)
    assert found.interval[0] < truth < found.interval[1]
    assert found.interval[1] - found.interval[0] < 0.02
    # Without them, or with all that disturbs, it is something else.
    assert ratio(times, WATCHED, PLAIN).interval[1] < truth
    everything = ratio(times, WATCHED, PLAIN, spread=0.0).interval
    assert everything[1] - everything[0] > 0.05


def test_what_lasts_watches_in_its_own_turns_alone() -> None:
    """By a clock that counts its readings and a training that is not trained."""
    attached: list[bool] = []
    told: list[str] = []

    def step_of(name: str) -> None:
        told.append(f"{name}{' while watched' if attached else ''}")

    @contextmanager
    def watching(_: Training) -> Iterator[Watched]:
        attached.append(True)
        yield Watched(
            lambda: step_of(WATCHED),
            measured=lambda: told.count(f"{WATCHED} while watched") // 4,
            attach=lambda: attached.append(True),
            detach=attached.clear,
        )

    @contextmanager
    def not_watching(_: Training) -> Iterator[Watched]:
        yield Watched(lambda: step_of(PLAIN))

    ways = [Way(PLAIN, not_watching, 3), Way(WATCHED, watching, 3, lasting=True)]
    readings = count()
    times, counts = counted_in_turns(ways, small_layers, 4, lambda: float(next(readings)))
    assert set(told) == {PLAIN, f"{WATCHED} while watched"}
    assert [len(times[name]) for name in (PLAIN, WATCHED)] == [4, 4]
    assert counts[WATCHED].tolist() == [1, 1, 1, 1]
    assert counts[PLAIN].tolist() == [0, 0, 0, 0]
    assert times[PLAIN].tolist() == [1 / 3] * 4
