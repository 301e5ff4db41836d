"""Small models that are trained for real, and samples of known numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from dlmagic.magics.watch.sample_result import BINS, STATISTICS, Row, Sample


@pytest.fixture(autouse=True)
def nothing_is_watched_afterwards() -> Iterator[None]:
    """No session outlives its test."""
    yield
    from dlmagic.magics.watch.engine import end_all

    end_all("the test ended")


def sample_of(step: int, values: dict[Row, dict[str, float]], *, exact: bool = False) -> Sample:
    """A sample in which nothing but these statistics was measured."""
    rows = tuple(values)
    table = np.full((len(rows), len(STATISTICS)), np.nan, np.float32)
    for number, row in enumerate(rows):
        for statistic, value in values[row].items():
            table[number, STATISTICS.index(statistic)] = value  # type: ignore[arg-type]
    calls = np.array([0 if row.parameter else 1 for row in rows], np.uint32)
    return Sample(step, rows, table, np.zeros((len(rows), BINS), np.uint32), exact, calls)


class Training:
    """A model with its optimiser and data; ``step()`` is one step of training."""

    def __init__(self, width: int = 8) -> None:
        import torch
        from torch import nn

        torch.manual_seed(0)
        self.net: Any = nn.Sequential(
            nn.Linear(4, width), nn.ReLU(), nn.Sequential(nn.Linear(width, 1))
        )
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01)
        self.x, self.y = torch.randn(16, 4), torch.randn(16, 1)
        self.loss = float("nan")

    def step(self, factor: float = 1.0) -> None:
        self.optimizer.zero_grad()
        loss = ((self.net(self.x * factor) - self.y) ** 2).mean()
        loss.backward()
        self.optimizer.step()
        self.loss = loss.item()

    def run(self, steps: int, then: Callable[[], object] = lambda: None) -> None:
        for _ in range(steps):
            self.step()
            then()


@pytest.fixture
def training() -> Training:
    return Training()
