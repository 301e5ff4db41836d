"""Small trainings that are watched, for the tests of the watcher of PyTorch models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from dlmagic.magics.watch.sample_result import STATISTICS, Culprit, Sample
from dlmagic.magics.watch.torch.layers import layers_of
from dlmagic.magics.watch.torch.watcher import TorchWatcher
from dlmagic.magics.watch.watcher import Rate


class Listening:
    """Keeps what the watcher tells."""

    def __init__(self, loss: Callable[[], object] = lambda: None) -> None:
        self.steps: list[int] = []
        self.culprits: list[Culprit] = []
        self.loss_wanted = loss
        self.all = False

    def heeds_all(self) -> bool:
        return self.all

    def step_ended(self, step: int) -> None:
        self.steps.append(step)

    def not_finite(self, culprit: Culprit) -> None:
        self.culprits.append(culprit)


@contextmanager
def watching(
    model: nn.Module, *, layers: list[str] | None = None, **rate: object
) -> Iterator[tuple[TorchWatcher, Listening]]:
    """Watch all layers of a model, at every step unless told otherwise."""
    names = [each.name for each in layers_of(model).values()] if layers is None else layers
    watcher = TorchWatcher(model, names, Rate(**{"every": 1, **rate}))
    listening = Listening()
    watcher.begin(listening)
    try:
        yield watcher, listening
    finally:
        watcher.end()
    if watcher.notes():
        assert "that failed" not in watcher.notes()[0]


def row(sample: Sample, layer: str, quantity: str, parameter: str = "") -> dict[str, float]:
    """The statistics of one row, by their names, with its number as ``index``."""
    found = [
        index
        for index, each in enumerate(sample.rows)
        if (each.layer, each.quantity, each.parameter) == (layer, quantity, parameter)
    ]
    assert len(found) == 1, [(each.layer, each.quantity, each.parameter) for each in sample.rows]
    values = dict(zip(STATISTICS, sample.values[found[0]].tolist(), strict=True))
    return {**values, "index": found[0]}


def has_row(sample: Sample, layer: str, quantity: str, parameter: str = "") -> bool:
    return any(
        (each.layer, each.quantity, each.parameter) == (layer, quantity, parameter)
        for each in sample.rows
    )


def expected(values: torch.Tensor | np.ndarray) -> dict[str, float]:
    """What NumPy has to say of all values, in float64."""
    array = np.asarray(torch.as_tensor(values).detach().double()).ravel()
    finite = array[np.isfinite(array)]
    return {
        "mean": finite.mean(),
        "std": finite.std(),
        "norm": np.linalg.norm(array),
        "min": finite.min(),
        "max": finite.max(),
        "zeros": (array == 0).mean(),
        "nan": np.isnan(array).sum(),
        "inf": np.isinf(array).sum(),
        "seen": array.size,
        "total": array.size,
    }


def agree(found: dict[str, float], values: torch.Tensor, tolerance: float = 1e-5) -> None:
    """Whether statistics are those of the values."""
    wanted = expected(values)
    scale = abs(wanted["mean"]) + wanted["std"]
    for name, value in wanted.items():
        room = tolerance * max(abs(value), scale if name == "mean" else 0.0)
        assert abs(found[name] - value) <= room + 1e-12, (name, found[name], value)


def small_model(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))


def step(model: nn.Module, optimizer: torch.optim.Optimizer, batch: torch.Tensor) -> torch.Tensor:
    optimizer.zero_grad()
    loss = model(batch).square().mean()
    loss.backward()
    optimizer.step()
    return loss
