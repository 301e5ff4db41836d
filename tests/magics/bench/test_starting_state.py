"""The starting state of a benchmark: what is copied, how long that takes, what is compared."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from torch import nn

from dlmagic.cell.memory import Memory
from dlmagic.cell.output import StreamOutput
from dlmagic.cell.source import CellSource
from dlmagic.errors import StateError
from dlmagic.frameworks.torch.storage import SavedStorage
from dlmagic.magics.bench.engine import bench_cell
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from tests.magics.bench.parts import Steps

LARGE = 30_000_000  # float32 numbers: 120 MB


def bench(text: str, told: list[str], free: int = 10**12, **names: object) -> BenchResult:
    namespace = {"__name__": "__main__", "torch": torch, **names}
    request = Request(CellSource.from_text(text), namespace, modes=("plain",), seconds=0.05)
    return bench_cell(request, Surroundings(StreamOutput(), told.append, free_memory=lambda: free))


def test_large_tensors_that_are_only_read_are_not_copied() -> None:
    steps = Steps("x[:10].sum()", {"x": torch.zeros(LARGE)})
    steps.checker()
    parts = [part for item in steps.subject.snapshot.reached for part in item.saved]
    (storage,) = [part for part in parts if isinstance(part, SavedStorage)]
    assert storage.size == 4 * LARGE
    assert not storage.has_copy


def test_the_sum_is_told_while_reading_and_in_the_result() -> None:
    told: list[str] = []
    result = bench("x[:10].sum()", told, x=torch.zeros(LARGE))
    assert "reading 0.1 GB that the cell uses" in told
    assert told.index("reading 0.1 GB that the cell uses") < told.index("first run")
    note = "The cell reads 0.1 GB; tensors are copied only when they are first written to."
    assert result.notes[0] == note
    assert note in repr(result).replace("\n", " ")


def test_small_inputs_are_not_worth_a_note() -> None:
    told: list[str] = []
    result = bench("x.sum()", told, x=torch.zeros(10))
    assert not any("GB" in line for line in [*told, *result.notes])


@pytest.mark.parametrize(
    "make", [lambda: np.zeros(LARGE, np.float32), lambda: torch.from_numpy(np.zeros(LARGE, "f4"))]
)
def test_arrays_that_do_not_fit_twice_are_refused_before_anything_runs(make) -> None:
    told: list[str] = []
    with pytest.raises(StateError, match=r"0\.1 GB of arrays.* only 0\.05 GB") as caught:
        bench("x[0] = 1", told, free=50_000_000, x=make())
    assert "\n" not in str(caught.value)
    assert "first run" not in told


def test_an_array_that_is_only_read_is_copied_once() -> None:
    asked: list[int] = []

    def free() -> int:
        asked.append(1)
        return 9000 if len(asked) == 1 else 0

    namespace = {"__name__": "__main__", "x": np.zeros(1000)}
    request = Request(CellSource.from_text("x.sum()"), namespace, seconds=0.05)
    bench_cell(request, Surroundings(StreamOutput(), free_memory=free))
    assert len(asked) >= 3


@pytest.mark.alone
@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_a_large_model_is_saved_and_restored_quickly(optimizer) -> None:
    """300 layers; the limits are generous beside 0.25 s and 0.03 s on two slow cores."""
    model = nn.Sequential(*(nn.Linear(32, 32) for _ in range(300)))
    steps = Steps("model(x).sum()", {"model": model, "x": torch.ones(2, 32)})
    steps.namespace["optimizer"] = optimizer(model.parameters(), lr=0.1)
    model(torch.ones(2, 32)).sum().backward()
    steps.namespace["optimizer"].step()
    names = ["model", "optimizer", "x"]
    saving, snapshot = shortest(lambda: steps_snapshot(steps, names))
    restoring, _ = shortest(snapshot.restore)
    assert saving < 0.5
    assert restoring < 0.1


def steps_snapshot(steps: Steps, names: list[str]):
    from dlmagic.cell.snapshot import take_snapshot

    return take_snapshot(steps.namespace, names, frameworks=steps.frameworks, memory=Memory())


def shortest(work):
    """The least of three times, and what the work gave last."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        value = work()
        times.append(time.perf_counter() - start)
    return min(times), value


def test_outcomes_name_only_what_changed() -> None:
    model = nn.Linear(2, 1)
    steps = Steps("model(x).sum().backward()\ny = 1", {"model": model, "x": torch.ones(1, 2)})
    names = [name for name, _ in steps.checker().outcome.items]
    assert "['y']" in names
    assert "['model.weight.grad']" in names
    assert "['x']" not in names


def test_a_step_of_an_optimiser_compares_weights_gradients_and_buffers() -> None:
    model = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters())
    text = "optimizer.zero_grad()\nmodel(x).square().sum().backward()\noptimizer.step()"
    steps = Steps(text, {"optimizer": optimizer, "model": model, "x": torch.ones(1, 2)})
    checker = steps.checker()
    names = {name for name, _ in checker.outcome.items}
    assert {"['model.weight']", "['model.bias']", "['model.weight.grad']"} <= names
    assert any("exp_avg" in name for name in names)
    assert checker.repeats().agrees is True
