"""All that was measured of one layer, for a page that asks for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlmagic.magics.watch.live.packing import heights
from dlmagic.magics.watch.sample_result import STATISTICS, Row, Sample, Statistic

MOST_ROWS = 12
SHOWN: tuple[Statistic, ...] = ("mean", "std", "min", "max", "zeros")

_AT = [STATISTICS.index(name) for name in SHOWN]
_WORDS = {
    "activation": "output",
    "activation-gradient": "gradient of the output",
    "gradient": "gradient of {}",
    "weight": "{}",
    "update": "update of {}",
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
    return plain, numbers.tobytes() + heights(sample.histograms[shown]).astype("<u2").tobytes()


def _label(row: Row) -> str:
    return _WORDS[row.quantity].format(row.parameter)
