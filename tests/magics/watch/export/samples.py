"""Samples as a watcher delivers them, of values that are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import BINS, EDGES, STATISTICS, Row, Sample

ROWS = (
    Row("", "Sequential", "activation", shape=(8, 4)),
    Row("0.linear", "Linear", "activation", shape=(8, 4)),
    Row("0.linear", "Linear", "gradient", "weight", (4, 4)),
    Row("0.linear", "Linear", "update", "weight", (4, 4)),
)


def sample(step: int, rows: tuple[Row, ...] = ROWS, seed: int = 0) -> Sample:
    """Normal values in each row, wider from row to row."""
    values = values_of(rows, seed + step)
    return Sample(
        step,
        rows,
        np.array([measured(each, row) for row, each in zip(rows, values, strict=True)]),
        np.array([counted(each) for each in values]),
        True,
        np.ones(len(rows), np.uint32),
    )


def values_of(rows: tuple[Row, ...], seed: int) -> list[NDArray[np.float64]]:
    generator = np.random.default_rng(seed)
    return [generator.normal(size=500) * 4.0 ** (k % 5) for k in range(len(rows))]


def measured(values: NDArray[np.float64], row: Row) -> NDArray[np.float32]:
    found: dict[str, float] = dict.fromkeys(STATISTICS, np.nan)
    found |= {"mean": values.mean(), "std": values.std(), "min": values.min(), "max": values.max()}
    found |= {"norm": np.linalg.norm(values), "zeros": 0.0, "nan": 0.0, "inf": 0.0}
    found |= {"seen": len(values), "total": len(values)}
    found |= {"ratio": 0.001} if row.quantity == "update" else {}
    return np.array(list(found.values()), np.float32)


def counted(values: NDArray[np.float64]) -> NDArray[np.uint32]:
    places = np.searchsorted(EDGES, values, "right")
    return np.bincount(places, minlength=BINS).astype(np.uint32)


def with_value(given: Sample, row: int, statistic: str, value: float) -> Sample:
    """The same with another number."""
    values = given.values.copy()
    values[row, STATISTICS.index(statistic)] = value
    return Sample(given.step, given.rows, values, given.histograms, given.exact, given.calls)
