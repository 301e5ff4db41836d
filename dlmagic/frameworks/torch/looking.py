"""What an operation is told of beside shapes: whose parameters, which numbers, what was lost.

Numbers are looked at only where that waits for no device and takes no time: of small tensors on
the CPU. Nothing is changed, and no random number is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.parameter_owners import ParameterOwners

_SMALL = 100_000
_NARROW = frozenset({torch.uint8, torch.int8})
_LOOKED_AT = {
    "conv2d": 0,
    "conv3d": 0,
    "cross_entropy": 1,
    "nll_loss": 1,
    "__floordiv__": 0,
    "floor_divide": 0,
    "floor_divide_": 0,
    "div": 0,
}
"""The argument that counts: images, labels, or what is divided."""
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


def looked_at(
    name: str, args: Sequence[Any], options: Mapping[str, Any], owners: ParameterOwners
) -> dict[str, Any]:
    """What is to be seen of the arguments before a call, by the fields of an operation."""
    parameter = next(_parameters((*args, *options.values())), None)
    owner = owners.of(parameter) if parameter is not None else None
    return {
        "parameter": owner.path if owner else "",
        "evaluating": owner.module if owner and owner.evaluates else "",
        "recording": torch.is_grad_enabled(),
        "extremes": _extremes(name, args, options),
    }


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


def _parameters(values: Sequence[Any]) -> Iterator[nn.Parameter]:
    for value in values:
        if isinstance(value, nn.Parameter):
            yield value
        elif isinstance(value, list | tuple):
            yield from (each for each in value if isinstance(each, nn.Parameter))


def _is_small(value: Any) -> bool:
    return (
        type(value) in (Tensor, nn.Parameter)  # those of others may do anything when computed with
        and value.device.type == "cpu"
        and value.layout == torch.strided
        and 0 < value.numel() <= _SMALL
    )


def _extremes(
    name: str, args: Sequence[Any], options: Mapping[str, Any]
) -> tuple[float, float] | None:
    position = _LOOKED_AT.get(name)
    value = args[position] if position is not None and len(args) > position else None
    if name in ("cross_entropy", "nll_loss") and value is None:
        value = options.get("target")
    if not isinstance(value, Tensor) or value.is_complex():
        return None
    if name.startswith("conv"):
        value = _part(value)
    if not _is_small(value):
        return None
    try:
        smallest, largest = torch.aminmax(value.detach())
        return float(smallest), float(largest)
    except (RuntimeError, NotImplementedError):  # of a tensor without numbers
        return None


def _part(images: Tensor) -> Tensor:
    """The first image, or a part of it: small enough to be looked at."""
    while images.numel() > _SMALL and images.dim() > 1 and images.layout == torch.strided:
        images = images[0]
    return images


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
