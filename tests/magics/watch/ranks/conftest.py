"""Two engines that train copies of a model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dlmagic.cluster.engines import Engines
from dlmagic.magics.watch.engine import end_all
from tests.cluster.conftest import cluster, engines

__all__ = ["cluster", "engines"]

_MODEL = """
import torch
from torch import nn
torch.set_num_threads(1)
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
def train(steps, x, y):
    for step in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
torch.manual_seed(1 + rank)
x, y = torch.randn(32, 8), torch.randint(2, (32,))
"""


@pytest.fixture
def training(engines: Engines) -> Iterator[Engines]:
    """They have the same model ``net``, other data ``x`` and ``y``, and a function ``train``."""
    for rank, number in enumerate(engines.ids):
        engines.client[number].push({"rank": rank}, block=True)
    engines.client[:].execute(_MODEL, block=True)
    yield engines
    end_all("the test ended")
