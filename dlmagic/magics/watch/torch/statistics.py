"""Statistics of many rows of values at once, in a handful of kernels and without waiting."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dlmagic.magics.watch.sample_result import LARGEST_EXPONENT, SMALLEST_EXPONENT

MEAN, VARIANCE, MIN, MAX, ZEROS, NAN, INF, FINITE = range(8)
"""Columns of :attr:`Measured.moments`."""

AT_ONCE = 1 << 22
"""Values that a processor works on at once, to need little memory."""

_MANTISSA = 23
_CODES = 512  # sign and exponent of a float32
_LOWEST = 127 + SMALLEST_EXPONENT
_HIGHEST = 127 + LARGEST_EXPONENT


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
        exact: Add up in float64, and tell zeros from what is smaller than any normal number.
    """
    wide = torch.float64 if exact and values.device.type != "mps" else torch.float32
    if values.device.type != "cpu":
        return _of_any(values, wide, exact)
    rows = max(1, AT_ONCE // max(1, values.shape[1]))
    parts = [_on_processor(each, wide, exact) for each in values.split(rows)]
    if len(parts) == 1:
        return parts[0]
    moments = torch.cat([each.moments for each in parts])
    return Measured(moments, torch.cat([each.histograms for each in parts]))


def _on_processor(values: Tensor, wide: torch.dtype, exact: bool) -> Measured:
    """Where all values are finite, which is nearly always, far less has to be read."""
    sums = values.sum(1, dtype=wide)
    if bool(torch.isfinite(sums.sum())):
        return _of_finite(values, sums, wide, exact)
    return _of_any(values, wide, exact)


def _of_finite(values: Tensor, sums: Tensor, wide: torch.dtype, exact: bool) -> Measured:
    width = values.shape[1]
    mean = sums / width
    rounded = mean.float()
    apart = torch.sub(values, rounded[:, None])
    spread = torch.linalg.vector_norm(apart, dim=1, dtype=wide)
    variance = spread * spread / width
    if exact:
        variance -= (mean - rounded) ** 2
    counts = _counts(_codes(values, apart.view(torch.int32)), len(values))
    zeros = width - values.count_nonzero(1) if exact else counts[:, 0] + counts[:, 256]
    moments = torch.zeros(len(values), FINITE + 1, dtype=torch.float64)
    moments[:, MEAN], moments[:, VARIANCE], moments[:, ZEROS] = mean, variance, zeros
    torch.amin(values, 1, out=rounded)
    moments[:, MIN] = rounded
    moments[:, MAX] = torch.amax(values, 1, out=rounded)
    moments[:, FINITE] = width
    return Measured(moments, _bins(counts))


def _of_any(values: Tensor, wide: torch.dtype, exact: bool) -> Measured:
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
    counts = _counts(_codes(rest, torch.empty_like(rest, dtype=torch.int32)), len(values))
    counts[:, 256] -= values.shape[1] - known
    zeros = (values == 0).sum(1) if exact else counts[:, 0] + counts[:, 256]
    empty = torch.where(known > 0, 0.0, torch.nan)
    moments = (
        *(each + empty for each in (mean, variance, smallest, largest)),
        *(zeros, not_a_number, infinite, known),
    )
    return Measured(_columns(moments), _bins(counts))


def _columns(moments: tuple[Tensor, ...]) -> Tensor:
    wide = torch.float32 if moments[0].device.type == "mps" else torch.float64
    return torch.stack([each.to(wide) for each in moments], 1)


def _codes(values: Tensor, out: Tensor) -> Tensor:
    """Sign and exponent of each value, from -256 to 255.

    A negative power of two belongs to the bin below it. Adding all but one of the mantissa's
    range to negative numbers moves all but the powers themselves up by one.
    """
    bits = values.view(torch.int32)
    torch.bitwise_right_shift(bits, 31, out=out)
    out.bitwise_and_((1 << _MANTISSA) - 1)
    out.add_(bits)
    return out.bitwise_right_shift_(_MANTISSA)


def _counts(codes: Tensor, rows: int) -> Tensor:
    """How many values of each row have each code: the negative ones first."""
    start = torch.arange(rows, device=codes.device, dtype=torch.int32) * _CODES + _CODES // 2
    flat = codes.add_(start[:, None]).view(-1)
    if codes.device.type == "cpu":
        return torch.bincount(flat, minlength=rows * _CODES).view(rows, _CODES)
    # bincount waits for the device to know how many bins there are.
    counts = torch.zeros(rows * _CODES, dtype=torch.int32, device=codes.device)
    counts.scatter_add_(0, flat.long(), torch.ones_like(flat))
    return counts.view(rows, _CODES)


def _bins(counts: Tensor) -> Tensor:
    """Counts of signs and exponents as the bins of every sample."""
    negative, positive = counts[:, :256], counts[:, 256:]
    middle = negative[:, : _LOWEST + 1].sum(1) + positive[:, :_LOWEST].sum(1)
    parts = (
        negative[:, _HIGHEST + 1 :].sum(1, keepdim=True),
        negative[:, _LOWEST + 1 : _HIGHEST + 1].flip(1),
        middle[:, None],
        positive[:, _LOWEST:_HIGHEST],
        positive[:, _HIGHEST:].sum(1, keepdim=True),
    )
    return torch.cat(parts, 1)
