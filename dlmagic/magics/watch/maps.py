"""The same matrices as pictures and in characters: one row per layer, over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dlmagic.display.heat_map import Band, scale_of
from dlmagic.magics.watch.layer_table import name_of
from dlmagic.magics.watch.result import WatchResult
from dlmagic.magics.watch.sample_result import STATISTICS, Quantity, Statistic

Matrix = NDArray[np.float64]

MOST_COLUMNS = 100
"""Of a picture; of more points, neighbours are drawn as one."""

_BARS = "▁▂▃▄▅▆▇█"
_CHARACTERS = 10
_BROKEN, _UNKNOWN = "!", "·"


def gradient_norms(result: WatchResult) -> Matrix:
    """The norm of all gradients of each layer, ``[layer, point]``; infinite where one broke."""
    squares, known = _of_layers(result, "gradient", "norm", square=True)
    return np.where(known, np.sqrt(squares), np.nan)


def activation_spread(result: WatchResult) -> Matrix:
    """The standard deviation of each layer's outputs; infinite where they broke."""
    sums, known = _of_layers(result, "activation", "std")
    return np.where(known, sums, np.nan)


def bands_of(result: WatchResult) -> Iterator[Band]:
    """The maps that have something to show."""
    names = [name_of(layer.layer) for layer in result.layers]
    maps = (
        ("Gradient norm", gradient_norms(result)),
        ("Activation (standard deviation)", activation_spread(result)),
    )
    for title, matrix in maps:
        rows: NDArray[np.bool_] = np.asarray(~np.isnan(matrix).all(axis=1))
        if rows.any():
            shown = [name for name, row in zip(names, rows, strict=True) if row]
            yield Band(title, shown, fewer(matrix[rows], MOST_COLUMNS))


def bars_of(matrix: Matrix) -> list[str]:
    """Each row in characters, on one scale for all; an exclamation mark where it broke.

    A dot stands where nothing was measured, since blanks at an end would move the others.
    """
    few = fewer(matrix, _CHARACTERS)
    low, high = scale_of(few)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = (np.log10(few) - low) / (high - low) * (len(_BARS) - 1)
    levels = np.rint(np.clip(np.nan_to_num(places), 0, len(_BARS) - 1)).astype(int)
    return [
        "" if np.isnan(row).all() else "".join(map(_bar, row, at))
        for row, at in zip(few, levels, strict=True)
    ]


def fewer(matrix: Matrix, most: int) -> Matrix:
    """At most so many columns: each the mean of its neighbours, infinite where one is."""
    columns = matrix.shape[1]
    if columns <= most:
        return matrix
    ends = np.linspace(0, columns, most + 1).astype(int)
    found = np.stack([_mean(matrix[:, a:b]) for a, b in pairwise(ends)])
    return np.ascontiguousarray(found.T)


def _mean(columns: Matrix) -> Matrix:
    known = ~np.isnan(columns)
    total = np.where(known, columns, 0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def _bar(value: float, level: int) -> str:
    if np.isnan(value):
        return _UNKNOWN
    return _BROKEN if np.isinf(value) else _BARS[level]


def _of_layers(
    result: WatchResult, quantity: Quantity, statistic: Statistic, *, square: bool = False
) -> tuple[Matrix, NDArray[np.bool_]]:
    """The sums over each layer's rows, and where there was anything to add."""
    courses = result.courses.array.astype(float)
    place = {layer.layer: number for number, layer in enumerate(result.layers)}
    sums = np.zeros((len(result.layers), len(result.points)))
    known = np.zeros(sums.shape, bool)
    for row, course in zip(result.rows, courses, strict=True):
        if row.quantity == quantity and row.layer in place:
            values = _broken_as_infinite(course, statistic)
            found = ~np.isnan(values)
            sums[place[row.layer]] += np.where(found, values**2 if square else values, 0)
            known[place[row.layer]] |= found
    return sums, known


def _broken_as_infinite(course: Matrix, statistic: Statistic) -> Matrix:
    """One statistic over time; infinite where NaN or Inf were seen."""
    bad: Sequence[Matrix] = [course[STATISTICS.index(kind)] for kind in ("nan", "inf")]
    broken = (np.nan_to_num(bad[0]) > 0) | (np.nan_to_num(bad[1]) > 0)
    return np.where(broken, np.inf, course[STATISTICS.index(statistic)])
