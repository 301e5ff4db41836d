"""Whether whole numbers came out as mathematics has it: without overflow, no fraction lost.

Asked only of small tensors on the CPU, whose numbers wait for no device. Nothing is changed, and no
random number is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dlmagic.frameworks.hearing import SMALL
from dlmagic.frameworks.torch import _compat as compat

_NARROW = frozenset({torch.uint8, torch.int8})
_CAN_OVERFLOW = frozenset(
    {
        *("add", "sub", "mul", "neg", "pow", "square", "add_", "sub_", "mul_", "__add__"),
        *("__sub__", "__mul__", "__radd__", "__rsub__", "__rmul__", "__pow__", "rsub"),
        *("__iadd__", "__isub__", "__imul__", "subtract", "multiply"),
    }
)
_DIVISIONS = frozenset({"__floordiv__", "floor_divide", "floor_divide_", "div"})
_FILLING = frozenset({"__setitem__", "fill_", "copy_"})

Exact = Callable[[object], bool | None]
"""Whether the result of a call is what it would be if numbers had no limits."""


def exactness(
    func: Callable[..., Any], name: str, args: Sequence[Any], options: Mapping[str, Any]
) -> Exact:
    """Asked before a call, as it may change its arguments; tells after it whether it was exact."""
    try:
        if name in _CAN_OVERFLOW and "out" not in options:
            return _same_as_wide(func, args, options)
        if name in _DIVISIONS:
            rounded = name != "div" or options.get("rounding_mode") is not None
            return _same_as_quotient(args) if rounded else _unknown
        if name in _FILLING:
            return _whole(args)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        pass  # the call itself will say so
    return _unknown


def _unknown(_result: object) -> bool | None:
    return None


def _is_small(value: Any) -> bool:
    return (
        type(value) in (Tensor, nn.Parameter)  # those of others may do anything when computed with
        and value.device.type == "cpu"
        and value.layout == torch.strided
        and 0 < value.numel() <= SMALL
    )


def _same_as_wide(
    func: Callable[..., Any], args: Sequence[Any], options: Mapping[str, Any]
) -> Exact:
    """The same call on wide numbers, if there are narrow ones."""
    tensors = [each for each in (*args, *options.values()) if isinstance(each, Tensor)]
    if not any(each.dtype in _NARROW for each in tensors) or not all(map(_is_small, tensors)):
        return _unknown
    if any(each.is_floating_point() for each in tensors):
        return _unknown
    wide = compat.pytree.tree_map_only(Tensor, lambda each: each.to(torch.int64, copy=True), args)
    expected = func(*wide, **options)
    return lambda result: _equal(result, expected, _NARROW)


def _same_as_quotient(args: Sequence[Any]) -> Exact:
    if len(args) < 2 or not _is_small(args[0]) or _has_fractions(args[0].dtype):
        return _unknown
    if isinstance(args[1], Tensor) and not _is_small(args[1]):
        return _unknown
    quotient = args[0].to(torch.float64) / args[1]
    return lambda result: _equal(result, quotient, None)


def _whole(args: Sequence[Any]) -> Exact:
    """Whether what is put into whole numbers has no fraction."""
    target, value = args[0], args[-1]
    if not isinstance(target, Tensor) or _has_fractions(target.dtype):
        return _unknown
    if isinstance(value, float):
        return lambda _result: value.is_integer()
    if not isinstance(value, Tensor) or not _is_small(value) or not value.is_floating_point():
        return _unknown
    numbers = value.detach()
    # Numbers of images, up to 255, are cut to whole ones on purpose; below 1, nothing is left.
    exact = bool((numbers == numbers.trunc()).all()) or float(numbers.abs().max()) > 1
    return lambda _result: exact


def _has_fractions(dtype: torch.dtype) -> bool:
    return dtype.is_floating_point or dtype.is_complex or dtype == torch.bool


def _equal(result: object, expected: Tensor, dtypes: frozenset[torch.dtype] | None) -> bool | None:
    if not isinstance(result, Tensor) or (dtypes is not None and result.dtype not in dtypes):
        return None
    try:
        return bool((result == expected).all())
    except RuntimeError:  # of tensors without numbers, as under vmap
        return None
