"""Functions of the libraries that only compute: no effect, no random numbers, no waiting."""

from __future__ import annotations

import sys
from collections.abc import Callable
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

_LIBRARIES = frozenset({"numpy", "jax", "jaxlib", "tensorflow", "keras", "math", "torch"})
_OF_TORCH = frozenset({"torch", "torch.nn.functional", "torch.special"})
_MOST_ELEMENTS = 1_000_000
_MOST_BITS = 64


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAKING = _words(
    "zeros ones full eye arange linspace empty broadcast_to identity one_hot tile to_categorical"
)
"""Functions whose result can be larger than what they are given."""
_VIEWS = _words(
    "view reshape t transpose permute flatten unsqueeze squeeze swapaxes movedim moveaxis "
    "unflatten ravel detach view_as reshape_as narrow select diagonal swapdims"
)
_COPIES = _words("clone contiguous float double half bfloat16 long int short bool byte")
_PRODUCTS = _words("matmul mm bmm mv dot")
_NUMBERS = _PRODUCTS | _words(
    "abs exp log sqrt square sin cos tanh sigmoid relu softmax log_softmax gelu silu softplus "
    "sum mean max min amax amin argmax argmin prod std var norm add sub mul div neg clamp cumsum "
    "logsumexp flip roll all any clip divide multiply"
)
METHODS = _VIEWS | _COPIES | _NUMBERS | _words("astype copy item power set tolist size dim numel")
"""Of tensors; what writes to a tensor writes to a copy."""
_FUNCTIONS = (
    _MAKING
    | _VIEWS
    | _COPIES
    | _NUMBERS
    | _words(
        "tensor as_tensor from_numpy array asarray constant convert_to_tensor cat stack concat "
        "concatenate dstack hstack vstack where gather take split expand_dims matrix_transpose "
        "pad linear leaky_relu elu normalize max_pool1d max_pool2d avg_pool1d avg_pool2d "
        "adaptive_avg_pool1d adaptive_avg_pool2d astype cast float32 float64 int32 int64 einsum "
        "logical_and logical_not logical_or maximum minimum subtract tan tril triu ones_like "
        "zeros_like reduce_all reduce_any reduce_max reduce_mean reduce_min reduce_prod "
        "reduce_sum sigmoid_cross_entropy_with_logits softmax_cross_entropy_with_logits "
        "sparse_softmax_cross_entropy_with_logits"
    )
)
"""Of the libraries; those that draw random numbers, read or write are not among them."""
_PLAIN = (int, float, complex, bool, str, bytes, slice, range, type(None), type(Ellipsis))


def pure_function(owner: object, name: str) -> Callable[..., Any] | None:
    """A function of a library's module that has no effect, or None."""
    root = library_of(owner)
    if root is None or name not in _FUNCTIONS:
        return None
    if root == "torch" and not any(owner is sys.modules.get(each) for each in _OF_TORCH):
        return None
    found = getattr(owner, name, None)
    return found if callable(found) else None


def library_of(module: object) -> str | None:
    """The library that a module belongs to, if it is one of those known here."""
    if not isinstance(module, ModuleType):
        return None
    root = module.__name__.partition(".")[0]
    return root if root in _LIBRARIES else None


def is_plain_tensor(value: object) -> bool:
    """Whether it is an array of NumPy or a tensor of PyTorch, and of no kind derived from them."""
    torch: Any = sys.modules.get("torch")
    kinds = [np.ndarray] if torch is None else [np.ndarray, torch.Tensor, torch.nn.Parameter]
    return type(value) in kinds


def is_of_a_library(value: object) -> bool:
    """Whether nobody has given this kind of tensor methods of their own."""
    root = type(value).__module__.partition(".")[0]
    return is_plain_tensor(value) if root == "torch" else root in _LIBRARIES


def is_plain(value: object) -> bool:
    """Whether a value is a number, a text, a type of the libraries, or holds only such."""
    if type(value) in (list, tuple):
        return all(map(is_plain, value))  # type: ignore[call-overload]
    if type(value) in _PLAIN:
        return True
    kind = value if isinstance(value, type) else type(value)
    if kind is value and kind.__module__ == "builtins":
        return True
    if kind.__module__ == "torch":  # its types, devices and shapes
        return not is_plain_tensor(value)
    return kind.__module__.partition(".")[0] in _LIBRARIES - {"keras", "torch"}


def stays_small(name: str, arguments: list[Any]) -> bool:
    """Whether what comes of it has no more elements than can be computed at once.

    Args:
        name: Of the function, the method or the operator; ``"item"`` for an index.
        arguments: What it is given.
    """
    if name in _MAKING:
        return _asked_for(arguments) <= _MOST_ELEMENTS
    if (
        any(isinstance(each, str | bytes | list | tuple) for each in arguments[:2])
        and name == "mul"
    ):
        return False
    if name in ("pow", "lshift") and all(isinstance(each, int) for each in arguments):
        return bool(max(map(abs, arguments)) <= _MOST_BITS)
    shapes = [tuple(each.shape) for each in arguments if _has_numbers(each)]
    return len(shapes) < 2 or _elements(name, shapes) <= _MOST_ELEMENTS


def _has_numbers(value: Any) -> bool:
    """Whether it is a tensor of which more than its shape is known."""
    if is_plain_tensor(value):
        return not getattr(value, "is_meta", False)
    return type(value).__name__ in ("ArrayImpl", "EagerTensor")


def _elements(name: str, shapes: list[tuple[int, ...]]) -> int:
    """At most so many elements come of arrays of these shapes."""
    first, second = shapes[:2]
    if name in _PRODUCTS:
        return prod(first[:-1]) * (second[-1] if len(second) > 1 else 1)
    if name == "linear":
        return prod(first[:-1]) * second[0]
    if name == "item":
        return prod(first[1:]) * max(map(prod, shapes[1:]))
    if name == "einsum":
        return prod(map(prod, shapes))
    try:
        return prod(np.broadcast_shapes(*shapes))
    except ValueError:
        return 0


def _asked_for(arguments: list[Any]) -> int:
    sizes = [n for each in arguments for n in (each if isinstance(each, tuple | list) else [each])]
    return prod(max(abs(int(n)), 1) for n in sizes if isinstance(n, int | float))
