"""Functions of frameworks that only compute: no effect, no random numbers, nothing waited for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

_MODULES = ("torch", "torch.nn.functional", "torch.special", "numpy")
_MOST_ELEMENTS = 1_000_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAKING = _words("zeros ones full eye arange linspace empty")
VIEWS = _words(
    "view reshape t transpose permute flatten unsqueeze squeeze swapaxes movedim moveaxis "
    "unflatten ravel detach view_as reshape_as narrow select diagonal swapdims"
)
"""Methods and functions that show the same elements otherwise."""
_COPIES = _words("clone contiguous float double half bfloat16 long int short bool byte")
_NUMBERS = _words(
    "abs exp log sqrt square sin cos tanh sigmoid relu softmax log_softmax gelu silu softplus "
    "sum mean max min amax amin argmax argmin prod std var norm matmul mm bmm mv dot add sub mul "
    "div neg clamp cumsum logsumexp flip roll sort"
)
_OF_MODULES = _MAKING | _words(
    "tensor as_tensor from_numpy array asarray cat stack concat concatenate where one_hot "
    "leaky_relu elu normalize expand_dims float32 float64 int64 max_pool1d max_pool2d avg_pool1d "
    "avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d pad"
)


def pure_function(owner: object, name: str) -> Callable[..., Any] | None:
    """A function of a framework's module, or a method of a plain tensor, that has no effect."""
    wanted = VIEWS | _COPIES | _NUMBERS
    if isinstance(owner, ModuleType):
        known = any(owner is sys.modules.get(each) for each in _MODULES)
        found = getattr(owner, name, None) if known and name in wanted | _OF_MODULES else None
        return found if callable(found) else None
    if is_plain_tensor(owner) and name in wanted:
        method: Callable[..., Any] | None = getattr(owner, name, None)
        return method
    return None


def is_plain_tensor(value: object) -> bool:
    """Whether nobody has given this kind of tensor methods of their own."""
    torch: Any = sys.modules.get("torch")
    kinds = [np.ndarray] if torch is None else [np.ndarray, torch.Tensor, torch.nn.Parameter]
    return type(value) in kinds


def stays_small(name: str, arguments: list[object]) -> bool:
    """Whether what comes of it has no more elements than can be computed at once."""
    if name in _MAKING:
        return _asked_for(arguments) <= _MOST_ELEMENTS
    shapes = [tuple(each.shape) for each in arguments if is_plain_tensor(each)]  # type: ignore[attr-defined]
    if name in _NUMBERS and name not in {"matmul", "mm", "bmm", "mv", "dot"} and len(shapes) > 1:
        try:
            return prod(np.broadcast_shapes(*shapes)) <= _MOST_ELEMENTS
        except ValueError:
            return False
    return True


def _asked_for(arguments: list[object]) -> int:
    sizes = [n for each in arguments for n in (each if isinstance(each, tuple | list) else [each])]
    return prod(max(int(n), 1) for n in sizes if isinstance(n, int | float))
