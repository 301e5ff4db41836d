"""Statistics of many rows of values at once, in a handful of kernels and without waiting."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dlmagic.magics.watch.sample_result import BINS, LARGEST_EXPONENT, SMALLEST_EXPONENT

MEAN, VARIANCE, MIN, MAX, ZEROS, NAN, INF, FINITE = range(8)
"""Columns of :attr:`Measured.moments`."""

AT_ONCE = 1 << 22
"""Values that a processor works on at once, to need little memory."""

_MANTISSA, _MAGNITUDE = 23, 0x7FFFFFFF  # of a float32: bits, and all but the sign
_LOWEST = 127 + SMALLEST_EXPONENT
_HIGHEST = 127 + LARGEST_EXPONENT
_MIDDLE = BINS // 2


@dataclass(frozen=True)
class Measured:
    """Statistics of rows, still on the device.

    Attributes:
        moments: ``[row, column]``; the columns are named above. Of a row without finite values
            all but the counts are NaN.
        histograms: ``[row, bin]``.
    """

    moments: Tensor
    histograms: Tensor


def measure(values: Tensor, *, exact: bool = False) -> Measured:
    """Statistics of each row of a float32 matrix.

    Args:
        values: ``[row, value]``, contiguous.
        exact: Add up in float64.
    """
    wide = torch.float64 if exact and values.device.type != "mps" else torch.float32
    if values.device.type != "cpu":
        return _of_any(values, wide)
    rows = max(1, AT_ONCE // max(1, values.shape[1]))
    parts = [_on_processor(each, wide, exact) for each in values.split(rows)]
    if len(parts) == 1:
        return parts[0]
    moments = torch.cat([each.moments for each in parts])
    return Measured(moments, torch.cat([each.histograms for each in parts]))


def _on_processor(values: Tensor, wide: torch.dtype, exact: bool) -> Measured:
    """Where all values are finite, which is nearly always, far less has to be read."""
    sums = values.sum(1, dtype=wide)
    if math.isfinite(float(sums.sum())):
        return _of_finite(values, sums, wide, exact)
    return _of_any(values, wide)


def _of_finite(values: Tensor, sums: Tensor, wide: torch.dtype, exact: bool) -> Measured:
    width = values.shape[1]
    mean = sums / width
    rounded = mean.float()
    scratch = torch.sub(values, rounded[:, None])
    variance = torch.linalg.vector_norm(scratch, dim=1, dtype=wide).square_().div_(width)
    if exact:
        variance -= (mean - rounded) ** 2
    zeros = torch.eq(values, 0, out=scratch).sum(1)
    none = torch.zeros_like(sums)
    moments = (
        *(mean, variance, values.amin(1), values.amax(1)),
        *(zeros, none, none, torch.full_like(none, width)),
    )
    columns = torch.stack([each.to(wide) for each in moments], 1)
    return Measured(columns, _histograms(values, scratch.view(torch.int32)))


def _of_any(values: Tensor, wide: torch.dtype) -> Measured:
    finite, nan = torch.isfinite(values), torch.isnan(values)
    known = finite.sum(1)
    rest = torch.where(finite, values, 0.0)
    mean = rest.sum(1, dtype=wide) / known
    apart = torch.where(finite, rest - mean.float()[:, None], 0.0)
    variance = torch.linalg.vector_norm(apart, dim=1, dtype=wide) ** 2 / known
    smallest = torch.where(finite, values, torch.inf).amin(1)
    largest = torch.where(finite, values, -torch.inf).amax(1)
    not_a_number = nan.sum(1)
    infinite = values.shape[1] - known - not_a_number
    histograms = _histograms(rest, torch.empty_like(rest, dtype=torch.int32))
    histograms[:, _MIDDLE] -= values.shape[1] - known
    empty = torch.where(known > 0, 0.0, torch.nan)
    moments = (
        *(each + empty for each in (mean, variance, smallest, largest)),
        *((values == 0).sum(1), not_a_number, infinite, known),
    )
    widest = torch.float32 if values.device.type == "mps" else torch.float64
    return Measured(torch.stack([each.to(widest) for each in moments], 1), histograms)


def _histograms(values: Tensor, scratch: Tensor) -> Tensor:
    """How many values of each row, which are finite, lie in each bin.

    Args:
        values: ``[row, value]``.
        scratch: As large, of int32; it is written to.
    """
    bits = values.view(torch.int32)
    negative = torch.bitwise_right_shift(bits, 31)
    # As whole numbers these are in the order of the values; then only the exponents are left.
    torch.bitwise_and(negative, _MAGNITUDE, out=scratch)
    scratch.bitwise_xor_(bits).sub_(negative).bitwise_right_shift_(_MANTISSA)
    # Exponents of numbers above zero and below it, without those in the middle.
    bins = torch.clamp(scratch, _LOWEST - 1, _HIGHEST, out=negative)
    bins.add_(scratch.clamp_(-_HIGHEST - 1, -_LOWEST))
    first = torch.arange(len(values), device=values.device, dtype=torch.int32) * BINS
    return _counts(bins.add_(first[:, None] + (_HIGHEST - _LOWEST + 2)), len(values))


def _counts(bins: Tensor, rows: int) -> Tensor:
    flat = bins.view(-1)
    if bins.device.type == "cpu":
        return torch.bincount(flat, minlength=rows * BINS).view(rows, BINS)
    # bincount waits for the device to know how many bins there are.
    counts = torch.zeros(rows * BINS, dtype=torch.int32, device=bins.device)
    counts.scatter_add_(0, flat.long(), torch.ones_like(flat))
    return counts.view(rows, BINS)
