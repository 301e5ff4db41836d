"""What several ranks have measured in one step, as one sample.

Outputs, and gradients that reach them, are of other data on each rank: their values count together.
Of a parameter each rank has a copy: its norm is the quadratic mean of theirs, which is that of any
where they are the same. Where ranks have parts of one parameter (FSDP), the parts count together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dlmagic.magics.watch.sample_result import BINS, STATISTICS, Row, Sample

Numbers = NDArray[np.float64]
_Key = tuple[str, str, str]
_AT: dict[str, int] = {name: place for place, name in enumerate(STATISTICS)}


class Reduction:
    """Makes one sample of several, of the same rows as long as those of the ranks are.

    Args:
        parts: Whether ranks have parts of the parameters, and no copies.
    """

    def __init__(self, *, parts: bool = False) -> None:
        self.parts = parts
        self._known: tuple[tuple[int, ...], tuple[Row, ...], list[NDArray[np.intp]]] | None = None
        self._kept: Sequence[tuple[Row, ...]] = ()

    def of(self, samples: Sequence[Sample]) -> Sample:
        """One sample of those of all ranks in a step."""
        rows, places = self._aligned([sample.rows for sample in samples])
        values = np.full((len(samples), len(rows), len(STATISTICS)), np.nan)
        histograms = np.zeros((len(rows), BINS), np.uint32)  # of a thousand ranks, too
        calls = np.zeros(len(rows), np.uint32)
        for rank, (sample, at) in enumerate(zip(samples, places, strict=True)):
            values[rank, at] = sample.values
            histograms[at] += sample.histograms
            calls[at] = np.maximum(calls[at], sample.calls)
        copies = np.array([bool(row.parameter) and not self.parts for row in rows], bool)
        return replace(
            samples[0],
            rows=rows,
            values=reduced(values, copies).astype(np.float32),
            histograms=histograms,
            exact=all(sample.exact for sample in samples),
            calls=calls,
            is_many=any(each.is_many for each in samples),
        )

    def _aligned(
        self, rows: Sequence[tuple[Row, ...]]
    ) -> tuple[tuple[Row, ...], list[NDArray[np.intp]]]:
        """All rows of all ranks, and the place of each rank's own among them."""
        key = tuple(map(id, rows))
        if self._known is not None and self._known[0] == key:
            return self._known[1:]
        names: list[list[_Key]] = [
            [(each.layer, each.quantity, each.parameter) for each in own] for own in rows
        ]
        found: dict[_Key, Row] = {
            name: row
            for own, of in zip(rows, names, strict=True)
            for name, row in zip(of, own, strict=True)
        }
        order = _merged_order(names)
        place = {name: k for k, name in enumerate(order)}
        together = tuple(found[name] for name in order)
        if self._known is not None and together == self._known[1]:
            together = self._known[1]  # the same tuple, as a sample promises
        places = [np.array([place[name] for name in of], np.intp) for of in names]
        self._known, self._kept = (key, together, places), rows
        return together, places


def _merged_order(names: Sequence[Sequence[_Key]]) -> list[_Key]:
    """The names in the order of those who have them; a layer that few have stays near its own."""
    longest = max(names, key=len)
    order = list(longest)
    known = set(order)
    for own in names:
        for k, name in enumerate(own):
            if name not in known:
                known.add(name)
                order.insert(order.index(own[k - 1]) + 1 if k else 0, name)
    return order


def reduced(values: Numbers, copies: NDArray[np.bool_]) -> Numbers:
    """The statistics of all ranks together.

    Args:
        values: ``[rank, row, statistic]``; NaN where a rank has not measured it.
        copies: Which rows are of parameters of which each rank has a copy.
    """
    column = {name: values[..., place] for name, place in _AT.items()}
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        found = {
            **_moments(column),
            **_sizes(column, copies),
            "min": np.fmin.reduce(column["min"]),
            "max": np.fmax.reduce(column["max"]),
            "dead": np.fmin.reduce(column["dead"]),  # at most so many are dead on all
            "ratio": _ratio(column),
        }
    return np.stack([found[name] for name in STATISTICS], axis=-1)


def _moments(column: dict[str, Numbers]) -> dict[str, Numbers]:
    """Mean, standard deviation and zeros; a rank counts as much as it has values."""
    seen, total, mean = column["seen"], column["total"], column["mean"]
    finite = seen - np.nan_to_num(column["nan"]) - np.nan_to_num(column["inf"])
    weight = np.where(np.isfinite(mean) & (finite > 0), total * finite / seen, 0.0)
    share = weight.sum(axis=0)
    together = np.nansum(weight * mean, axis=0) / share
    apart = np.where(weight > 0, column["std"] ** 2 + (mean - together) ** 2, 0.0)
    unknown = np.isnan(column["std"]).all(axis=0)
    deviation = np.where(unknown, np.nan, np.sqrt((weight * apart).sum(axis=0) / share))
    zeros = column["zeros"]
    looked = np.where(np.isnan(zeros), 0.0, total)
    return {
        "mean": together,
        "std": deviation,
        "zeros": np.nansum(looked * zeros, axis=0) / looked.sum(axis=0),
    }


def _sizes(column: dict[str, Numbers], copies: NDArray[np.bool_]) -> dict[str, Numbers]:
    """Norm and counts: sums over the ranks, and of a parameter that all have as of one of them."""
    norm = column["norm"]
    bad = np.isnan(norm) & ((column["nan"] > 0) | (column["inf"] > 0))
    there = ~np.isnan(norm) | bad
    squares = np.where(there, norm**2, 0.0).sum(axis=0)
    ranks = there.sum(axis=0)
    found = {"norm": np.where(ranks > 0, np.sqrt(squares / np.where(copies, ranks, 1)), np.nan)}
    for name in ("nan", "inf", "seen", "total"):
        known = ~np.isnan(column[name]).all(axis=0)
        sums, most = np.nansum(column[name], axis=0), np.fmax.reduce(column[name])
        found[name] = np.where(known, np.where(copies, most, sums), np.nan)
    return found


def _ratio(column: dict[str, Numbers]) -> Numbers:
    """The norm of all updates in norms of all weights."""
    ratio, norm = column["ratio"], column["norm"]
    known = np.isfinite(ratio) & (ratio > 0) & np.isfinite(norm)
    updates = np.where(known, norm**2, 0.0).sum(axis=0)
    weights = np.where(known, (norm / np.where(known, ratio, 1.0)) ** 2, 0.0).sum(axis=0)
    found: Numbers = np.where(known.any(axis=0), np.sqrt(updates / weights), np.fmax.reduce(ratio))
    return found
