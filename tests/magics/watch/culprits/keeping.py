"""The least that a watcher does to find a culprit: keep the call, and look before the step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.torch_culprit import (
    KeptCall,
    find_culprit,
    keep_call,
    keep_gradients,
)


@contextmanager
def kept(model: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[list[Culprit]]:
    """Culprits of the steps within."""
    found: list[Culprit] = []
    calls: list[KeptCall] = []
    steps = [0]
    finding = [False]

    def before(module: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        if not finding[0]:
            calls[:] = [keep_call(module, args, kwargs)]

    def after(module: nn.Module, args: object, output: object) -> None:
        if not finding[0]:
            keep_gradients(calls[0], output)

    def look(*_: object) -> None:
        steps[0] += 1
        gradients = [each.grad for each in model.parameters() if each.grad is not None]
        if all(bool(each.isfinite().all()) for each in gradients):
            return
        finding[0] = True
        found.append(find_culprit(model, calls[0] if calls else None, steps[0]))
        finding[0] = False

    handles = (
        model.register_forward_pre_hook(before, with_kwargs=True),
        model.register_forward_hook(after),
        optimizer.register_step_pre_hook(look),
    )
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
