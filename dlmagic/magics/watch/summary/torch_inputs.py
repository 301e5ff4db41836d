"""What a model of PyTorch is called with: from values of the user's, or from shapes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from dlmagic.errors import InputError, OptionError, nearest
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.summary.result import ArraySpec
from dlmagic.magics.watch.summary.shapes import Shape
from dlmagic.magics.watch.summary.torch_calls import tensors_in
from dlmagic.magics.watch.summary.torch_counting import spec_of
from dlmagic.magics.watch.summary.torch_layers import device_of, float_type_of

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Arguments:
    """What a model is called with.

    Attributes:
        positional: Arguments in order.
        keywords: Arguments by name.
        notes: What the user should know of how they came to be.
    """

    positional: tuple[Any, ...]
    keywords: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def specs(self) -> tuple[ArraySpec, ...]:
        """Shapes and types of their tensors."""
        return tuple(map(spec_of, tensors_in((self.positional, self.keywords))))

    def changed(self, change: Callable[[Tensor], Tensor]) -> Arguments:
        """The same with each tensor replaced by what a function makes of it."""
        positional, keywords = compat.pytree.tree_map(
            lambda leaf: change(leaf) if isinstance(leaf, Tensor) else leaf,
            (self.positional, dict(self.keywords)),
        )
        return Arguments(tuple(positional), keywords, self.notes)

    def fresh(self) -> Arguments:
        """Copies: a model may write into what it is given, and nobody's graph grows."""
        return self.changed(
            lambda tensor: tensor.detach().clone().requires_grad_(tensor.requires_grad)
        )


def from_value(model: nn.Module, value: object) -> Arguments:
    """Arguments of a value: a tensor, a tuple or list, a mapping, or a loader's first batch.

    Raises:
        InputError: There is nothing in it that a model takes.
    """
    notes: tuple[str, ...] = ()
    if isinstance(value, DataLoader):
        value = _first_batch(value)
        notes = ("The input is the first batch of the loader.",)
    if isinstance(value, Mapping):
        return Arguments(*_named(model, value), notes)
    if type(value) in (tuple, list):
        given, more = _as_many_as_taken(model, tuple(value))  # type: ignore[arg-type]
        return Arguments(given, {}, notes + more)
    if type(value).__module__ == "numpy":
        raise InputError(
            "The input is a NumPy array, which layers of PyTorch do not take.",
            "Make it a tensor with torch.from_numpy(...), or give its shape.",
        )
    return Arguments((value,), {}, notes)


def _first_batch(loader: Any) -> object:
    for batch in loader:
        return batch
    raise InputError("The loader has no batch.", "Is its data set empty?")


def _named(
    model: nn.Module, value: Mapping[Any, object]
) -> tuple[tuple[object, ...], dict[str, Any]]:
    """Keywords where they are the names that ``forward`` takes; else it is one argument."""
    parameters = inspect.signature(model.forward).parameters
    any_name = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())
    names_fit = all(isinstance(key, str) and (any_name or key in parameters) for key in value)
    return ((), dict(value)) if names_fit and value else ((value,), {})


def _as_many_as_taken(
    model: nn.Module, given: tuple[object, ...]
) -> tuple[tuple[object, ...], tuple[str, ...]]:
    """Those that ``forward`` has a place for: a batch often comes with its labels."""
    parameters = inspect.signature(model.forward).parameters.values()
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return given, ()
    most = sum(each.kind in _POSITIONAL for each in parameters)
    if not 0 < most < len(given):
        return given, ()
    taken = "the first of them" if most == 1 else f"the first {most} of them"
    note = f"The input has {len(given)} items; forward() takes {taken}."
    return given[:most], (note,)


def from_shapes(
    model: nn.Module, shapes: tuple[Shape, ...], dtypes: tuple[torch.dtype, ...]
) -> Arguments:
    """Zeros of these shapes, on the model's device.

    Args:
        model: The model.
        shapes: One for each argument.
        dtypes: Their types: one for all of them, or as many; the model's own where empty.
    """
    if len(dtypes) not in (0, 1, len(shapes)):
        raise OptionError(
            f"--dtype names {len(dtypes)} types for {len(shapes)} inputs.", "Name one for each."
        )
    each = dtypes if len(dtypes) == len(shapes) else (dtypes or (float_type_of(model),))
    each = each if len(each) == len(shapes) else each * len(shapes)
    device = device_of(model)
    zeros = (
        torch.zeros(shape, dtype=dtype, device=device)
        for shape, dtype in zip(shapes, each, strict=True)
    )
    return Arguments(tuple(zeros), {})


def dtypes_called(names: tuple[str, ...]) -> tuple[torch.dtype, ...]:
    """Types by their names.

    Raises:
        OptionError: PyTorch has no such type.
    """
    return tuple(map(_dtype, names))


def _dtype(name: str) -> torch.dtype:
    found = getattr(torch, name.removeprefix("torch."), None)
    if not isinstance(found, torch.dtype):
        known = [key for key, each in vars(torch).items() if isinstance(each, torch.dtype)]
        raise OptionError(f"PyTorch has no type {name}.", nearest(name, known))
    return found
