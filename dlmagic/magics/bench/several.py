"""Several comparisons at once: the chance of any false one stays that of one alone.

One comparison is wrong in 5 % of all runs. Of seven, one would be wrong in every third run,
so their p-values are corrected by Holm's method (S. Holm, 1979, "A simple sequentially
rejective multiple test procedure"). The intervals stay what they say they are, 95 % each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dlmagic.magics.bench.paired import CONFIDENCE, Comparison


def corrected(found: Mapping[str, Comparison]) -> dict[str, Comparison]:
    """The comparisons, without those differences that so many of them show by chance."""
    certain = surviving_holm({name: each.p_value for name, each in found.items()})
    return {
        name: each if certain[name] else _doubted(each, len(found)) for name, each in found.items()
    }


def surviving_holm(p_values: Mapping[str, float], level: float = 1 - CONFIDENCE) -> dict[str, bool]:
    """Which of several tests reject when the chance of any false rejection is ``level``.

    >>> surviving_holm({"a": 0.04, "b": 0.001, "c": 0.03})
    {'a': False, 'b': True, 'c': False}
    """
    rejects = dict.fromkeys(p_values, False)
    ordered = sorted(p_values, key=p_values.__getitem__)
    for left, name in zip(range(len(ordered), 0, -1), ordered, strict=True):
        if p_values[name] > level / left:
            break
        rejects[name] = True
    return rejects


def _doubted(own: Comparison, compared: int) -> Comparison:
    if own.verdict not in ("faster", "slower"):
        return own
    doubt = f"among {compared} comparisons a gap like this one arises by chance"
    return replace(own, verdict="unclear", doubt=doubt)
