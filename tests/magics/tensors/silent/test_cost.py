"""A watched step is not much slower, one that comes afterwards is not at all, and nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.tensors.watching import WORKLOADS, Workload, measured, plainly, watched
from dlmagic.cell.source import CellSource

ROUNDS, MOST_STEPS = 8, 100
AFTERWARDS = 1.05
"""Time of a step after observation has ended; a few rounds do not show 1.01."""
ON_A_DEVICE = """
there = {"device": "meta"}
model = torch.nn.Sequential(
    torch.nn.Linear(8, 8, **there),
    torch.nn.Dropout(0.1),
    torch.nn.Linear(8, 1, **there),
    torch.nn.Sigmoid(),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.empty(4, 8, **there), torch.empty(4, 1, **there)
for _ in range(3):
    optimizer.zero_grad()
    loss = torch.nn.functional.binary_cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
"""


@pytest.fixture
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.alone
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda each: each.name)
def test_watching_keeps_to_its_limits(workload: Workload) -> None:
    short = replace(workload, rounds=ROUNDS, steps=min(workload.steps, MOST_STEPS))
    row = measured(short)
    assert row.ratio_interval[0] < row.limit
    assert row.after_interval[0] < AFTERWARDS


class Asked(TorchDispatchMode):
    """Everything that a device is asked to compute, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


def asked(way: Callable[[CellSource, dict[str, object]], None]) -> list[str]:
    with Asked() as seen:
        way(CellSource.from_text(ON_A_DEVICE), {"torch": torch})
    return seen.names


def test_a_device_computes_nothing_more_and_is_not_waited_for() -> None:
    """Tensors without numbers, as on any other device than the CPU."""
    plain = asked(plainly)
    assert "aten.sigmoid.default" in plain
    assert asked(watched) == plain
