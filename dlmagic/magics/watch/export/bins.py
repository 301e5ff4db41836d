"""Histograms as programs with linear axes show them: without bins that nobody would see."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import BINS, EDGES

VISIBLE = 10
"""How many powers of two below the largest values have bins of their own. The programs draw 30 to
64 bins of equal width, in which a thousandth of the whole cannot be seen."""

_CENTRE = BINS // 2


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many values lie where.

    Attributes:
        counts: Of each bin.
        edges: Between and around the bins, ascending and finite: one more than there are bins.
        low: The smallest value.
        high: The largest value.
        mean: Of the values.
        std: Of the values.
    """

    counts: NDArray[np.uint32]
    edges: NDArray[np.float64]
    low: float
    high: float
    mean: float
    std: float


def histogram_of(
    counts: NDArray[np.uint32], *, low: float, high: float, mean: float, std: float
) -> Histogram | None:
    """The bins between the outermost that hold something, those near zero joined.

    Args:
        counts: Of all bins between :data:`EDGES`.
        low: The smallest value.
        high: The largest value.
        mean: Of the values.
        std: Of the values.

    Returns:
        None where no value was counted.
    """
    occupied = counts.nonzero()[0]
    if not len(occupied):
        return None
    first, last = int(occupied[0]), int(occupied[-1])
    starts, edges = _starts(first, last), _edges(first, last)
    if first == 0 or last == BINS - 1:
        edges = _ended(edges, first, last, low, high)
    joined = np.add.reduceat(counts[: last + 1], starts, dtype=counts.dtype)
    return Histogram(joined, edges, low, high, mean, std)


@cache
def _starts(first: int, last: int) -> NDArray[np.intp]:
    """Which bins from the first to the last have a lower edge of their own."""
    hidden = max(0, _CENTRE - first, last - _CENTRE) - VISIBLE
    bins = np.arange(first, last + 1)
    joined = (bins > max(first, _CENTRE - hidden)) & (bins <= _CENTRE + hidden)
    return np.asarray(bins[~joined])


@cache
def _edges(first: int, last: int) -> NDArray[np.float64]:
    """Edges of these bins; the outermost bins of all end at twice the last edge."""
    edges = np.concatenate([2 * EDGES[:1], EDGES, 2 * EDGES[-1:]])
    return np.asarray(edges[[*_starts(first, last), last + 1]])


def _ended(
    edges: NDArray[np.float64], first: int, last: int, low: float, high: float
) -> NDArray[np.float64]:
    """Edges that reach to the smallest and the largest value."""
    ended = edges.copy()
    if first == 0 and np.isfinite(low):
        ended[0] = min(low, ended[0])
    if last == BINS - 1 and np.isfinite(high):
        ended[-1] = max(high, ended[-1])
    return ended
