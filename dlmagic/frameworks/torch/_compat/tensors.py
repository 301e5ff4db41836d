"""What PyTorch keeps of a tensor and tells nobody: its kind, its counter, what is inside it."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor


def is_lazy(tensor: Tensor) -> bool:
    """Whether it is a parameter of a lazy module, which has no shape yet."""
    lazy = getattr(torch.nn.parameter, "UninitializedTensorMixin", ())
    return isinstance(tensor, lazy)


def is_without_numbers(tensor: Tensor) -> bool:
    """Whether it stands for a tensor of a graph that is being made."""
    return type(tensor).__name__ in {"FakeTensor", "FunctionalTensor"}


def is_view(tensor: Tensor) -> bool:
    """Whether autograd knows the tensor as a view of another."""
    return bool(getattr(tensor, "_is_view", bool)())


def base_of(tensor: Tensor) -> Tensor:
    """The tensor that a view looks at; the tensor itself where it is none, or that is not told."""
    base = getattr(tensor, "_base", None)
    return base if isinstance(base, Tensor) else tensor


def without_modes() -> AbstractContextManager[object]:
    """While active, functions of PyTorch are told to no mode."""
    disabled = getattr(torch._C, "DisableTorchFunction", None)
    return nullcontext() if disabled is None else disabled()


def indices_and_values(sparse: Tensor) -> list[Tensor]:
    """What a sparse tensor of coordinates holds; the public names refuse one not yet coalesced."""
    return [getattr(sparse, name)() for name in ("_indices", "_values") if hasattr(sparse, name)]


def inner_tensors(tensor: Tensor) -> dict[str, Tensor]:
    """The tensors inside a wrapper subclass, by attribute name; empty for other tensors."""
    flatten = getattr(tensor, "__tensor_flatten__", None)
    if flatten is None:
        return {}
    names, _ = flatten()
    return {name: getattr(tensor, name) for name in names}


def version_of(tensor: Tensor) -> int | None:
    """The counter that in-place operations raise, or None for tensors that keep none."""
    return None if tensor.is_inference() else tensor._version


def set_version(tensor: Tensor, version: int) -> None:
    """Put the counter back, so that graphs which saved this tensor earlier stay valid."""
    setter = getattr(torch._C._autograd, "_unsafe_set_version_counter", None)
    if setter is not None:
        setter((tensor,), (version,))


def print_options() -> dict[str, Any]:
    """How tensors are printed, as ``torch.set_printoptions`` takes it; empty if not known."""
    options = getattr(getattr(torch, "_tensor_str", None), "PRINT_OPTS", None)
    return {} if options is None else dict(vars(options))


def written_arguments(operation: Any) -> tuple[tuple[int, str], ...]:
    """Position and name of each argument that an operator writes to, by its schema.

    The running statistics of batch normalisation are written without a mark in the schema.
    """
    unmarked = ("running_mean", "running_var") if "batch_norm" in str(operation) else ()
    return tuple(
        (position, argument.name)
        for position, argument in enumerate(operation._schema.arguments)
        if (argument.alias_info is not None and argument.alias_info.is_write)
        or argument.name in unmarked
    )


def is_loader_iterator(value: object) -> bool:
    """Whether the value is a DataLoader that is being read."""
    loader = sys.modules.get("torch.utils.data.dataloader")
    base = getattr(loader, "_BaseDataLoaderIter", None)
    return base is not None and isinstance(value, base)


def storage_number(tensor: Tensor) -> int | None:
    """A number for the memory behind a tensor, also where it has none yet; the same for views.

    Another tensor may get the same number once this one is gone. None for a tensor without
    a storage of its own, such as a sparse one, and where PyTorch does not tell.
    """
    try:
        storage = tensor.untyped_storage()
    except (RuntimeError, NotImplementedError):
        return None
    return getattr(storage, "_cdata", None)
