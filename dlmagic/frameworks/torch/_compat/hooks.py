"""Where PyTorch keeps hooks of tensors, modules and optimisers, and which mode is active."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def hooks_of(tensor: Tensor) -> tuple[object, object]:
    """The gradient hooks registered on a tensor, as PyTorch keeps them."""
    return (
        getattr(tensor, "_backward_hooks", None),
        getattr(tensor, "_post_accumulate_grad_hooks", None),
    )


def set_hooks(tensor: Tensor, hooks: tuple[object, object]) -> None:
    """Put back what :func:`hooks_of` returned."""
    if hasattr(tensor, "_backward_hooks"):
        tensor._backward_hooks = hooks[0]  # type: ignore[assignment]  # whatever was read
    if hasattr(tensor, "_post_accumulate_grad_hooks"):
        tensor._post_accumulate_grad_hooks = hooks[1]  # type: ignore[assignment]


def global_hooks() -> dict[str, dict[int, object]]:
    """The hooks that are registered for all modules, by the name that PyTorch keeps them under."""
    kept = vars(torch.nn.modules.module)
    return {name: dict(hooks) for name, hooks in kept.items() if _keeps_hooks(name, hooks)}


def set_global_hooks(hooks: Mapping[str, Mapping[int, object]]) -> None:
    """Put back what :func:`global_hooks` returned, into the same dictionaries."""
    for name, registered in hooks.items():
        kept = getattr(torch.nn.modules.module, name)
        kept.clear()
        kept.update(registered)


def _keeps_hooks(name: str, value: object) -> bool:
    return name.startswith("_global_") and "hooks" in name and isinstance(value, dict)


def has_stepped(optimizer: torch.optim.Optimizer) -> bool:
    """Whether an optimiser has stepped since a scheduler came to it."""
    return bool(getattr(optimizer, "_opt_called", False))


def has_backward_hooks(module: torch.nn.Module) -> bool:
    """Whether functions are called with the gradients that pass a module."""
    kept = (getattr(module, name, None) for name in ("_backward_hooks", "_backward_pre_hooks"))
    return any(kept)


def is_current_mode(mode: torch.overrides.TorchFunctionMode) -> bool:
    """Whether a mode is the innermost of those that are active; False where nobody tells."""
    current = getattr(torch.overrides, "_get_current_function_mode", None)
    return current is not None and current() is mode
