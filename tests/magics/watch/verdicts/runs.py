"""Training runs to be judged, each a model and what one step of it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

Step = Callable[[int], object]


@dataclass(frozen=True)
class Run:
    """A training that can be started.

    Attributes:
        model: What is watched.
        step: One step of the optimiser, by its number from 0.
        steps: How many there are.
    """

    model: nn.Module
    step: Step
    steps: int = 240


@cache
def digits() -> tuple[Tensor, Tensor]:
    data = load_digits()
    return torch.tensor(data.data / 16, dtype=torch.float32), torch.tensor(data.target)


def batch(step: int, size: int = 64) -> tuple[Tensor, Tensor]:
    inputs, labels = digits()
    chosen = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(step))[:size]
    return inputs[chosen], labels[chosen]


def mlp(activation: Callable[[], nn.Module], hidden: Iterable[int]) -> nn.Sequential:
    sizes = [64, *hidden]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 10))


def classify(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy,
    clear: bool = True,
    inputs: Callable[[Tensor], Tensor] = lambda values: values,
    before: Callable[[], object] = lambda: None,
) -> Run:
    def step(number: int) -> None:
        values, labels = batch(number)
        if clear:
            optimizer.zero_grad()
        loss(model(inputs(values)), labels).backward()
        before()
        optimizer.step()

    return Run(model, step)


def sgd(model: nn.Module, rate: float, momentum: float = 0.0) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), rate, momentum)


def adam(model: nn.Module, rate: float, **options: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), rate, **options)


def initialised(model: nn.Module, scale: float) -> nn.Module:
    """All weights from a normal distribution of this width."""
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=scale)
    return model
