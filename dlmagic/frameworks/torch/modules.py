"""Modules whose state is not in their attributes: of TorchScript, torch.compile, and DDP."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.nn.parallel import DistributedDataParallel

from dlmagic.frameworks.torch import _compat as compat


class SavedOutside:
    """A module as its parts: submodules' training flags here, parameters and buffers apart.

    A general walk over its attributes would find nothing in a scripted module, whose values
    live in C++, and the compiler itself behind a compiled module or function. In a
    ``DistributedDataParallel`` it would find what the first step has arranged once for all, such as
    the buckets of gradients, which cannot be undone and changes no answer.
    """

    def __init__(self, value: object, parts: dict[str, object]) -> None:
        self._parts = parts
        modules = value.modules() if isinstance(value, torch.nn.Module) else ()
        self._flags = [(part, part.training) for part in modules]

    @classmethod
    def of(cls, value: object) -> SavedOutside | None:
        """Save such a module, or a compiled function; None for anything else."""
        if isinstance(value, torch.jit.ScriptModule):
            tensors = {**dict(value.named_parameters()), **dict(value.named_buffers())}
            return cls(value, {f".{name}": tensor for name, tensor in tensors.items()})
        if isinstance(value, DistributedDataParallel):
            return cls(value, {".module": value.module})
        inner = compat.unwrapped(value)
        return None if inner is value else cls(value, {"": inner})

    def changed(self) -> bool:
        """Whether a part went from training to evaluation or back."""
        return any(part.training != flag for part, flag in self._flags)

    def restore(self) -> None:
        """Put the training flags back."""
        for part, flag in self._flags:
            if part.training != flag:
                part.training = flag

    def children(self) -> Iterable[tuple[str, object]]:
        """Parameters and buffers, or the module inside the compiled one."""
        return self._parts.items()
