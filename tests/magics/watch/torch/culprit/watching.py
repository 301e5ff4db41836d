"""The real watcher, and what it tells of values that are not finite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.torch.watcher import TorchWatcher
from dlmagic.magics.watch.watcher import Rate


class _Told:
    def __init__(self) -> None:
        self.culprits: list[Culprit] = []

    def step_ended(self, step: int) -> None:
        pass

    def loss_wanted(self) -> object:
        return None

    def heeds_all(self) -> bool:
        return False

    def not_finite(self, culprit: Culprit) -> None:
        self.culprits.append(culprit)


@contextmanager
def culprits(model: nn.Module, every: int = 2) -> Iterator[list[Culprit]]:
    """Culprits of the steps within, some of which are measured."""
    told = _Told()
    watcher = TorchWatcher(model, [name for name, _ in model.named_modules()], Rate(every=every))
    watcher.begin(told)
    try:
        yield told.culprits
    finally:
        watcher.end()
