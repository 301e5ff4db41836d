"""How far two arrays lie apart, read piece by piece so that large ones need little memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlmagic.cell.tolerance import Allowed

_PIECE = 1 << 18  # elements: 2 MB in float64, which stays in the cache
_ROUNDING_STEPS = 16  # of the type's epsilon, relative to the array's largest value
_Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Apart:
    """How far one array is from another.

    Attributes:
        count: Number of elements.
        beyond: How many differ by more than is allowed.
        not_numbers: How many are NaN or infinite in one array and not, or not alike, in the
            other.
        largest: The largest difference of finite elements.
        scale: The largest absolute finite value of both.
    """

    count: int
    beyond: int
    not_numbers: int
    largest: float
    scale: float

    @property
    def relative(self) -> float:
        """The largest difference relative to the scale, from 0 to 2."""
        return self.largest / self.scale if self.scale > 0 else 0.0


def unequal(reference: _Array, other: _Array) -> int:
    """How many elements differ at all; times that are none (NaT) equal one another."""
    total = 0
    for first, second in _pieces(reference, other):
        if first.dtype.kind in "mM" and first.dtype == second.dtype:
            total += int(np.count_nonzero(first.view(np.int64) != second.view(np.int64)))
        else:
            total += int(np.count_nonzero(first != second))
    return total


@np.errstate(all="ignore")
def apart(reference: _Array, other: _Array, allowed: Allowed) -> Apart:
    """Compare floating-point or complex arrays of one shape element by element."""
    beyond = not_numbers = 0
    largest = scale = 0.0
    for first, second in _wide_pieces(reference, other):
        finite = np.isfinite(first) & np.isfinite(second)
        alike = (first == second) | (np.isnan(first) & np.isnan(second))
        not_numbers += int(np.count_nonzero(~finite & ~alike))
        kept, changed = first[finite], second[finite]
        gaps = np.abs(changed - kept)
        beyond += int(np.count_nonzero(~(gaps <= allowed.atol + allowed.rtol * np.abs(kept))))
        largest = max(largest, float(gaps.max(initial=0.0)))
        scale = max(scale, largest_finite(first), largest_finite(second))
    return Apart(reference.size, beyond, not_numbers, largest, scale)


@np.errstate(all="ignore")
def no_worse(reference: _Array, other: _Array, referee: _Array, allowed: Allowed) -> bool:
    """Whether ``other`` is about as near to a more exact result as the reference is.

    Each of its errors may be twice the reference's largest one, plus what the type grants:
    a share of the value itself, and a few rounding steps of the array's largest value. The
    idea is that of PyTorch's own accuracy check of compiled models.

    Args:
        reference: The outcome that others are compared with.
        other: The outcome in question.
        referee: The reference's outcome when computed in float64.
        allowed: What is allowed for the dtype.
    """
    error = scale = 0.0
    for first, truth in _wide_pieces(reference, referee):
        error = max(error, largest_finite(first - truth))
        scale = max(scale, largest_finite(truth))
    granted = 2 * error + _ROUNDING_STEPS * allowed.telling**2 * scale
    for second, truth in _wide_pieces(other, referee):
        finite = np.isfinite(truth) & np.isfinite(second)
        errors = np.abs(second[finite] - truth[finite])
        if np.any(errors > granted + allowed.floor * np.abs(truth[finite])):
            return False
    return True


def without_a_right_digit(reference: _Array, referee: _Array) -> bool:
    """Whether the reference's values are rounding errors and nothing else.

    The gradient of a bias in front of a BatchNorm is one: zero, but for rounding.
    """
    error = size = 0.0
    for first, truth in _wide_pieces(reference, referee):
        error = max(error, largest_finite(first - truth))
        size = max(size, largest_finite(first))
    return error >= size / 2


def largest_finite(values: _Array) -> float:
    """The largest absolute value among the finite ones; 0 where there is none."""
    sizes = np.abs(values)
    return float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))


def _wide_pieces(*arrays: _Array) -> Iterator[tuple[_Array, ...]]:
    """Pieces in double precision, real or complex."""
    is_complex = any(array.dtype.kind == "c" for array in arrays)
    wide = np.complex128 if is_complex else np.float64
    for pieces in _pieces(*arrays):
        yield tuple(piece.astype(wide) for piece in pieces)


def _pieces(*arrays: _Array) -> Iterator[tuple[_Array, ...]]:
    flat = [array.reshape(-1) for array in arrays]
    for start in range(0, flat[0].size, _PIECE):
        yield tuple(array[start : start + _PIECE] for array in flat)
