"""What is known of the numbers of small tensors on the CPU; no device is ever waited for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from dlmagic.frameworks.description import told
from dlmagic.frameworks.hearing import SMALL
from dlmagic.frameworks.operations import Numbers

T = TypeVar("T")


def is_small(value: object) -> bool:
    """Whether it is a tensor whose numbers may be looked at; those of wrappers are no tensor's."""
    return (
        isinstance(value, Tensor)
        and type(value).__torch_dispatch__ is Tensor.__torch_dispatch__
        and value.device.type == "cpu"
        and value.layout == torch.strided
        and value.numel() <= SMALL
    )


def numbers_of(value: object) -> Numbers | None:
    """None for what is large, elsewhere, or not floating point."""
    if not isinstance(value, Tensor) or not is_small(value) or not value.is_floating_point():
        return None
    return told(lambda: _numbers(value.detach()))


def _numbers(tensor: Tensor) -> Numbers:
    # What is not finite stays so in a sum; one that overflows tells nothing.
    if math.isfinite(tensor.sum().item()) or bool(torch.isfinite(tensor).all()):
        return "finite"
    if bool(torch.isnan(tensor).any()):
        return "nan"
    return "infinite" if bool(torch.isposinf(tensor).any()) else "low"


def extremes_of(value: object) -> tuple[float, float] | None:
    """The least and the greatest number; None where nobody may look."""
    if not isinstance(value, Tensor) or not is_small(value) or value.is_complex():
        return None
    if not value.numel():
        return None
    found = told(lambda: [float(each) for each in value.detach().double().aminmax()])
    return (found[0], found[1]) if found else None


def value_of(value: object) -> float | None:
    """The number of a tensor that has one."""
    if not isinstance(value, Tensor) or value.numel() != 1 or not is_small(value):
        return None
    return told(lambda: float(value.detach()))


def are_finite(numbers: Iterable[Numbers | None]) -> bool | None:
    """Whether the numbers of all tensors are; None where none of them may be looked at."""
    states = [each for each in numbers if each is not None]
    return all(each == "finite" for each in states) if states else None


def is_steep(name: str, arguments: Sequence[object]) -> bool:
    """Whether the slope of an operation is infinite at one of its numbers."""
    known = name.rstrip("_") if name[:2] != "__" else name
    if known not in _EDGES or not arguments:
        return False
    exponent = arguments[1] if len(arguments) > 1 else None
    if "pow" in known and not (isinstance(exponent, float) and 0 < exponent < 1):
        return False
    tensor, edge = arguments[0], _EDGES[known]
    if not isinstance(tensor, Tensor) or not tensor.requires_grad or not is_small(tensor):
        return False
    return bool(told(lambda: bool((tensor.detach().abs() == edge).any())))


_EDGES = {
    **dict.fromkeys(("sqrt", "pow", "__pow__"), 0),
    **dict.fromkeys(("acos", "asin", "arccos", "arcsin", "atanh", "arctanh"), 1),
}
"""The number, or minus it, at which an operation has an infinite slope."""
