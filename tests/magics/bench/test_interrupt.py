"""Ctrl-C at any moment: state is put back, and what was measured is told as partial."""

from __future__ import annotations

import signal
import threading

import pytest
import torch
from torch import nn

from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult

CELL = """optimizer.zero_grad()
loss = model(x).sum()
loss.backward()
optimizer.step()
history.append(1)"""


def training() -> dict[str, object]:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    return {
        "__name__": "__main__",
        "model": model,
        "optimizer": torch.optim.Adam(model.parameters()),
        "x": torch.ones(4, 3),
        "history": [],
    }


def interrupted_after(tellings: int, namespace: dict[str, object]) -> BenchResult | None:
    """A benchmark with a Ctrl-C at one of its steps; None where nothing was measured yet."""
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == tellings:
            raise KeyboardInterrupt

    request = Request(CellSource.from_text(CELL), namespace, modes=("eager", "trace"), seconds=20)
    try:
        return bench_cell(request, Surroundings(StreamOutput(), tell))
    except KeyboardInterrupt:
        return None


@pytest.mark.parametrize("tellings", range(1, 12))
def test_state_is_put_back_whenever_it_comes(tellings: int) -> None:
    namespace = training()
    model, optimizer = namespace["model"], namespace["optimizer"]
    assert isinstance(model, nn.Linear)
    assert isinstance(optimizer, torch.optim.Adam)
    before = model.weight.clone()
    names = set(namespace) | {"__builtins__"}
    result = interrupted_after(tellings, namespace)
    assert torch.equal(model.weight, before)
    assert model.weight.grad is None
    assert not optimizer.state
    assert namespace["history"] == []
    assert set(namespace) == names
    if result is not None:
        assert result.partial
        assert {arm.name for arm in result.arms} == {"eager", "trace"}
        assert repr(result)


def test_a_partial_result_says_how_far_it_came() -> None:
    def tell(line: str) -> None:
        if line.startswith("round 5"):
            raise KeyboardInterrupt

    # Far more time than five rounds take, that they are reached on the busiest machine.
    source = CellSource.from_text(CELL)
    request = Request(source, training(), modes=("eager", "trace"), seconds=20)
    result = bench_cell(request, Surroundings(StreamOutput(), tell))
    assert result.partial
    assert result.rounds == 4
    assert repr(result).startswith("Partial result: stopped after 4 rounds")


@pytest.mark.usefixtures("interrupts")
def test_a_cell_that_never_returns_ends_with_a_real_interrupt() -> None:
    namespace: dict[str, object] = {"__name__": "__main__", "seen": [0]}
    cell = "while True:\n    seen[0] += 1"
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        bench_cell(Request(CellSource.from_text(cell), namespace), Surroundings(StreamOutput()))
    timer.join()
    assert namespace["seen"] == [0]
