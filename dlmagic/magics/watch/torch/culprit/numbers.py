"""What is known of a tensor's values: whether they are finite, and between which they lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

Range = tuple[float, float]


@dataclass(frozen=True)
class Numbers:
    """The values of one tensor.

    Attributes:
        nan: How many are NaN.
        positive: How many are infinite and above zero.
        negative: How many are infinite and below zero.
        total: How many values there are.
        range: The smallest and the largest of the finite ones; None where there is none.
        dtype: Their type, such as ``"float16"``.
    """

    nan: int
    positive: int
    negative: int
    total: int
    range: Range | None
    dtype: str

    @property
    def infinite(self) -> int:
        """How many are infinite."""
        return self.positive + self.negative

    @property
    def are_finite(self) -> bool:
        """Whether all are."""
        return not self.nan and not self.infinite

    @property
    def what(self) -> str:
        """What is not finite among them."""
        names = (["NaN"] if self.nan else []) + (["Inf"] if self.infinite else [])
        return " and ".join(names)


def numbers_of(tensor: object) -> Numbers | None:
    """Look at a tensor; None for one whose values cannot be looked at, or cannot be NaN."""
    if not isinstance(tensor, Tensor):
        return None
    try:
        return _numbers_of(tensor)
    except (RuntimeError, NotImplementedError):  # sparse, quantised, on the meta device
        return None


def is_finite(tensor: object) -> bool:
    """Whether all values are finite, or nobody can tell."""
    found = numbers_of(tensor)
    return found is None or found.are_finite


def magnitudes_of(tensor: Tensor) -> Range | None:
    """The smallest and the largest magnitude; None where it has no values."""
    found = numbers_of(tensor.detach().abs()) if tensor.is_floating_point() else None
    if found is None:
        return None
    low, high = found.range or (math.nan, math.nan)
    return low, math.nan if found.nan else math.inf if found.infinite else high


def _numbers_of(tensor: Tensor) -> Numbers | None:
    values = _as_real(tensor.detach())
    if not values.is_floating_point() or values.is_meta or not values.numel():
        return None
    low, high = torch.stack(torch.aminmax(values)).double().tolist()
    dtype = str(tensor.dtype).removeprefix("torch.")
    if math.isfinite(low) and math.isfinite(high):
        return Numbers(0, 0, 0, values.numel(), (low, high), dtype)
    counts = (values.isnan(), values == math.inf, values == -math.inf)
    nan, positive, negative = torch.stack([each.sum() for each in counts]).tolist()
    return Numbers(nan, positive, negative, values.numel(), _finite_range(values), dtype)


def _as_real(values: Tensor) -> Tensor:
    if values.is_complex():
        return torch.view_as_real(values)
    narrow = values.is_floating_point() and values.element_size() == 1
    return values.float() if narrow else values


def _finite_range(values: Tensor) -> Range | None:
    finite = values[values.isfinite()]
    if not finite.numel():
        return None
    low, high = torch.stack(torch.aminmax(finite)).double().tolist()
    return low, high
