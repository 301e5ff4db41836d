"""Statistics of arrays of any framework whose functions are named as NumPy's are.

The reductions run where the arrays are; a few numbers for each row leave the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import EDGES

SAMPLE = 4096
"""So many values are looked at where not all are; the mean is then sure to a 64th of the
standard deviation."""

UNIT_ROWS = 64
"""In so many places of an output its units are looked at where not all are."""

STRIDE = 2654435761
"""A prime, near the golden section of 2**32: its multiples, modulo any smaller size, meet every
index once and lie evenly at each moment, whatever the shape."""

FLOATS, COUNTS = 4, 4
"""Mean, variance, smallest and largest; zeros, NaN, infinite and finite values."""

EDGES32 = EDGES.astype(np.float32)
"""The edges of all histograms; they are powers of two, so that float32 holds them exactly."""


def measure(functions: Any, values: Any, valid: Any) -> tuple[Any, Any]:
    """Reduce each row of an array on its device.

    Args:
        functions: Those of the framework, by the names of NumPy, with ``cast`` and ``bins``.
        values: ``[row, value]``, of floating-point numbers.
        valid: ``[row, value]``: which of them there are; the others fill the row.

    Returns:
        ``[row, FLOATS]`` as the values are, and ``[row, COUNTS and bins]`` as int32.
    """
    is_finite = functions.logical_and(valid, functions.isfinite(values))
    finite = functions.where(is_finite, values, functions.zeros_like(values))
    number = _count(functions, is_finite)
    divisor = functions.cast(functions.maximum(number, 1), values.dtype)
    mean = functions.total(finite) / divisor
    apart = functions.where(is_finite, values - mean[:, None], functions.zeros_like(values))
    beyond = functions.full_like(values, np.inf)
    floats = [
        mean,
        functions.total(apart * apart) / divisor,
        functions.min(functions.where(is_finite, values, beyond), axis=1),
        functions.max(functions.where(is_finite, values, -beyond), axis=1),
    ]
    counts = [
        _count(functions, functions.logical_and(is_finite, values == 0)),
        _count(functions, functions.logical_and(valid, functions.isnan(values))),
        _count(functions, functions.logical_and(valid, functions.isinf(values))),
        number,
    ]
    counted = [functions.stack(counts, axis=1), functions.bins(finite, is_finite)]
    return functions.stack(floats, axis=1), functions.concatenate(counted, axis=1)


def _count(functions: Any, which: Any) -> Any:
    return functions.sum(functions.cast(which, "int32"), axis=1)


def indices(total: int, size: int) -> NDArray[np.int64]:
    """Which values of an array are looked at; all of them where they are few."""
    return np.arange(min(size, total), dtype=np.int64) * STRIDE % max(total, 1)


@dataclass(frozen=True, eq=False)
class Measured:
    """What :func:`measure` gave for some rows, on the host.

    Attributes:
        floats: As it gave them.
        counts: Likewise.
        totals: How many values each row stands for.
    """

    floats: NDArray[np.floating[Any]]
    counts: NDArray[np.integer[Any]]
    totals: NDArray[np.integer[Any]]

    def moments(self) -> NDArray[np.float64]:
        """Mean, variance, smallest, largest, zeros, NaN, infinite and finite values."""
        floats, counts = self.floats.astype(np.float64), self.counts[:, :COUNTS]
        floats[counts[:, COUNTS - 1] == 0] = np.nan
        return np.concatenate([floats, counts.astype(np.float64)], axis=1)

    def seen(self) -> NDArray[np.float64]:
        """How many values were looked at."""
        return np.asarray(self.counts[:, 1:COUNTS].sum(axis=1), np.float64)

    def histograms(self) -> NDArray[np.int64]:
        """How many lie in each bin."""
        return self.counts[:, COUNTS:].astype(np.int64)
