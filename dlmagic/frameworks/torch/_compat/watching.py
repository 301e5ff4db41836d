"""What a watcher of training needs to know of a pass, and how it copies many tensors at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


def in_backward() -> bool:
    """Whether this thread computes gradients just now; False where nobody tells."""
    current = getattr(torch._C, "_current_graph_task_id", None)
    return current is not None and current() != -1


def at_end_of_backward(function: Callable[[], None]) -> bool:
    """Have a function called when the backward pass that runs now has ended.

    Returns whether it will be.
    """
    engine = getattr(torch.autograd.Variable, "_execution_engine", None)
    queue = getattr(engine, "queue_callback", None)
    if queue is None or not in_backward():
        return False
    queue(function)
    return True


def copy_all(destinations: list[Tensor], sources: list[Tensor]) -> None:
    """Copy tensors into others of the same shapes, in as few kernels as there can be."""
    together: Any = getattr(torch, "_foreach_copy_", None)
    if together is not None:
        together(destinations, sources)
        return
    for destination, source in zip(destinations, sources, strict=True):
        destination.copy_(source)


def compiled_call(module: nn.Module) -> Callable[..., Any] | None:
    """What runs instead of the module's own call, after ``module.compile()``; None before it."""
    return getattr(module, "_compiled_call_impl", None)


def set_compiled_call(module: nn.Module, call: Callable[..., Any] | None) -> None:
    """Put another in its place. Copies and pickles of a module leave it out."""
    module._compiled_call_impl = call


def takes_scaled_gradients(optimizer: torch.optim.Optimizer) -> tuple[Tensor | None, Tensor | None]:
    """The scale of the gradients that an optimiser divides by itself, and whether it will skip.

    A gradient scaler leaves both with the optimiser for the time of its step.
    """
    return getattr(optimizer, "grad_scale", None), getattr(optimizer, "found_inf", None)
