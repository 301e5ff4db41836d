"""Rows of a sample put together from the pieces that were measured.

A layer that runs several times, or that returns several tensors, is one row; so is a tensor that
is so large that its statistics were taken in parts. A piece counts as much as it has values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import STATISTICS

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pieces:
    """What was measured, piece by piece.

    Attributes:
        rows: The row of each piece.
        totals: How many values it has.
        seen: How many of them were looked at.
        moments: Mean, variance, smallest, largest, zeros, NaN, infinite and finite values.
        histograms: ``[piece, bin]``.
    """

    rows: NDArray[np.int64]
    totals: Numbers
    seen: Numbers
    moments: Numbers
    histograms: NDArray[np.int64]


def joined(parts: list[Pieces]) -> Pieces:
    """Pieces from several places as one."""
    names = ("rows", "totals", "seen", "moments", "histograms")
    return Pieces(*(np.concatenate([getattr(each, name) for each in parts]) for name in names))


def rows_of(pieces: Pieces, count: int) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Values and histograms of ``count`` rows; NaN and zero where a row has no piece."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return _values(pieces, count), _histograms(pieces, count)


def _values(pieces: Pieces, count: int) -> NDArray[np.float32]:
    mean, variance, smallest, largest, zeros, nan, inf, finite = pieces.moments.T

    def add(weights: Numbers) -> Numbers:
        return np.bincount(pieces.rows, weights, minlength=count).astype(np.float64, copy=False)

    any_finite = finite > 0
    weight = np.where(any_finite, pieces.totals * finite / pieces.seen, 0.0)
    share = add(weight)
    means = add(weight * np.where(any_finite, mean, 0.0)) / share
    apart = np.where(any_finite, variance + (mean - means[pieces.rows]) ** 2, 0.0)
    deviation = np.sqrt(np.maximum(add(weight * apart) / share, 0.0))
    bad = np.where(add(nan) > 0, np.nan, np.where(add(inf) > 0, np.inf, 0.0))
    total = add(pieces.totals)
    found = {
        "mean": means,
        "std": deviation,
        "norm": np.sqrt(share * (deviation**2 + means**2)) + bad,
        "min": _extreme(np.minimum, smallest, pieces.rows, count),
        "max": _extreme(np.maximum, largest, pieces.rows, count),
        "zeros": add(pieces.totals * zeros / pieces.seen) / total,
        "nan": add(nan),
        "inf": add(inf),
        "seen": add(pieces.seen),
        "total": total,
    }
    values = np.full((count, len(STATISTICS)), np.nan, np.float32)
    present = total > 0
    for name, column in found.items():
        values[:, STATISTICS.index(name)] = np.where(present, column, np.nan)
    none_finite = present & (share == 0) & (add(nan) + add(inf) > 0)
    values[none_finite, STATISTICS.index("norm")] = bad[none_finite]
    return values


def _extreme(which: np.ufunc, values: Numbers, rows: NDArray[np.int64], count: int) -> Numbers:
    start = np.inf if which is np.minimum else -np.inf
    found = np.full(count, start)
    known = ~np.isnan(values)
    which.at(found, rows[known], values[known])
    found[np.isinf(found)] = np.nan
    return found


def _histograms(pieces: Pieces, count: int) -> NDArray[np.uint32]:
    bins = pieces.histograms.shape[1]
    found = np.zeros((count, bins), np.uint32)
    if np.bincount(pieces.rows, minlength=1).max() <= 1:
        found[pieces.rows] = pieces.histograms
    else:
        np.add.at(found, pieces.rows, pieces.histograms.astype(np.uint32))
    return found
