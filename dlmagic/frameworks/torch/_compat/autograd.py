"""What the nodes of autograd's graph hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


def variable_of(node: Any) -> Tensor | None:
    """The leaf that a node of autograd's graph keeps the gradient of; None for any other node."""
    variable = getattr(node, "variable", None)
    return variable if isinstance(variable, Tensor) else None


def is_custom_function(node: Any) -> bool:
    """Whether a node belongs to an ``autograd.Function`` that somebody wrote in Python."""
    return isinstance(node, torch.autograd.function.BackwardCFunction)


@contextmanager
def watching_custom_functions(
    around: Callable[[Callable[[], object]], object],
) -> Iterator[None]:
    """While active, every call of an ``autograd.Function`` written in Python is made by another.

    Such a function is called past the modes that see all others.

    Args:
        around: Takes the call, makes it, and returns its result.
    """
    owner: Any = torch.autograd.Function
    original = vars(owner).get("apply")
    if original is None:
        yield
        return

    def apply(cls: Any, *arguments: Any, **keywords: Any) -> Any:
        # From PyTorch 2.14 on it is written in C, and no classmethod of Python's.
        return around(lambda: original.__get__(None, cls)(*arguments, **keywords))

    owner.apply = classmethod(apply)
    try:
        yield
    finally:
        owner.apply = original


def result_of_node(node: Any) -> tuple[tuple[int, ...] | None, str | None]:
    """Shape and dtype of the first result that a node belongs to; None where it does not tell."""
    told = getattr(node, "_input_metadata", None)
    if not told:
        return None, None
    shape, dtype = getattr(told[0], "shape", None), getattr(told[0], "dtype", None)
    known = None if shape is None else tuple(int(axis) for axis in shape)
    return known, None if dtype is None else str(dtype).removeprefix("torch.")


def saved_tensors(node: Any) -> list[Tensor]:
    """What a node keeps for the backward pass.

    Raises:
        RuntimeError: One of them has been changed in place since, or is freed.
    """
    if is_custom_function(node):
        return [each for each in node.saved_tensors if isinstance(each, Tensor)]
    names = [name for name in dir(node) if name.startswith("_saved_")]
    values = [getattr(node, name) for name in names]
    flat = [each for value in values for each in (value if isinstance(value, tuple) else (value,))]
    return [each for each in flat if isinstance(each, Tensor)]


@contextmanager
def stacks_of_nodes() -> Iterator[Callable[[list[str]], None]]:
    """While active, nodes that are made have the stack that the given function was called with.

    Where PyTorch has no place for that, the function does nothing.
    """
    keeping = getattr(getattr(torch.fx, "traceback", None), "preserve_node_meta", None)
    if keeping is None or not hasattr(torch.fx.traceback, "set_stack_trace"):
        yield lambda _stack: None
        return
    with keeping():
        yield torch.fx.traceback.set_stack_trace
