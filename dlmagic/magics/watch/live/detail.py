"""All that was measured of one layer, for a page that asks for it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import STATISTICS, Row, Sample, Statistic

MOST_ROWS = 12
SHOWN: tuple[Statistic, ...] = ("mean", "std", "min", "max", "zeros")

_AT = [STATISTICS.index(name) for name in SHOWN]
_WORDS = {
    "activation": "output",
    "activation-gradient": "output gradient",
    "gradient": "{} gradient",
    "weight": "{}",
    "update": "{} update",
}


def detail(sample: Sample, layer: str) -> tuple[dict[str, Any], bytes] | None:
    """Its rows, and their numbers followed by their histograms; None where it is not measured."""
    places = [k for k, row in enumerate(sample.rows) if row.layer == layer]
    if not places:
        return None
    shown = places[:MOST_ROWS]
    plain = {
        "layer": layer,
        "step": sample.step,
        "exact": sample.exact,
        "rows": [_label(sample.rows[k]) for k in shown],
        "more": len(places) - len(shown),
    }
    numbers = sample.values[np.ix_(shown, _AT)].astype("<f4")
    return plain, numbers.tobytes() + _heights(sample.histograms[shown]).astype("<u2").tobytes()


def _label(row: Row) -> str:
    return _WORDS[row.quantity].format(row.parameter)


def _heights(histograms: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """Each row's bins as shares of its highest one."""
    tops = np.maximum(histograms.max(axis=1, keepdims=True), 1)
    shares: NDArray[np.float64] = np.round(histograms / tops * 65535)
    return shares.astype(np.uint16)
