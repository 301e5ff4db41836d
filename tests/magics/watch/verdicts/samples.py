"""Samples as they would be measured, from values that are at hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import BINS, EDGES, STATISTICS, Quantity, Row, Sample

Values = Mapping[Row, NDArray[np.floating]]


def row(
    layer: str,
    quantity: Quantity = "gradient",
    *,
    kind: str = "Linear",
    shape: tuple[int, ...] = (8, 8),
) -> Row:
    parameter = "" if quantity.startswith("activation") else "weight"
    return Row(layer, kind, quantity, parameter, shape)


def sample(step: int, values: Values, **columns: Mapping[Row, float]) -> Sample:
    """One step; ``dead`` and ``ratio`` are given beside the values, as they are of no one step."""
    found = np.full((len(values), len(STATISTICS)), np.nan, np.float32)
    histograms = np.zeros((len(values), BINS), np.uint32)
    for place, (each, array) in enumerate(values.items()):
        finite = array[np.isfinite(array)]
        told = {
            "mean": finite.mean(),
            "std": finite.std(),
            "norm": np.linalg.norm(array),
            "min": finite.min(),
            "max": finite.max(),
            "zeros": (array == 0).mean(),
            "nan": np.isnan(array).sum(),
            "inf": np.isinf(array).sum(),
            "seen": array.size,
            "total": array.size,
            **{name: given[each] for name, given in columns.items() if each in given},
        }
        for name, number in told.items():
            found[place, STATISTICS.index(name)] = number  # type: ignore[arg-type]
        histograms[place] = np.bincount(np.searchsorted(EDGES, finite, "right"), minlength=BINS)
    rows = tuple(values)
    calls = np.array([not each.parameter for each in rows], np.uint32)
    return Sample(step, rows, found, histograms, True, calls)


def normal(scale: float, size: int = 64, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, scale, size)
