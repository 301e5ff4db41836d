"""Bins that programs with linear axes can show: nothing is lost, nothing is moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlmagic.magics.watch.export.bins import VISIBLE, Histogram, histogram_of
from dlmagic.magics.watch.sample_result import BINS, EDGES
from tests.magics.watch.export.samples import counted


def of(values: list[float]) -> Histogram:
    array = np.array(values)
    found = histogram_of(
        counted(array), low=array.min(), high=array.max(), mean=array.mean(), std=array.std()
    )
    assert found is not None
    return found


def test_no_values_make_no_histogram() -> None:
    empty = np.zeros(BINS, np.uint32)
    assert histogram_of(empty, low=np.nan, high=np.nan, mean=np.nan, std=np.nan) is None


def test_empty_bins_outside_are_left_out() -> None:
    found = of([1.5, 3.0, 3.0])
    assert found.counts.tolist() == [1, 2]
    assert found.edges.tolist() == [1, 2, 4]


def test_bins_too_narrow_to_be_seen_are_joined() -> None:
    found = of([-1.5, -1e-6, 0.0, 1e-5, 1.5])
    assert found.counts.sum() == 5
    middle = int(np.flatnonzero((found.edges[:-1] < 0) & (found.edges[1:] > 0))[0])
    assert found.counts[middle] == 3
    assert found.edges[middle + 1] == 2.0 ** (1 - VISIBLE)
    assert len(found.counts) == 2 * VISIBLE + 1


def test_values_beyond_all_edges_are_within_the_outermost_bins() -> None:
    found = of([-1e30, 1.0, 1e9])
    assert found.edges[0] == -1e30
    assert found.edges[-1] == 1e9
    assert np.isfinite(found.edges).all()


@pytest.mark.parametrize("values", [[0.0, 0.0], [-(2.0**-30)], [2.0**20], [-(2.0**20)]])
def test_values_on_edges(values: list[float]) -> None:
    found = of(values)
    assert found.counts.tolist() == [len(values)]
    assert found.edges[0] <= values[0] <= found.edges[1]


@given(arrays(np.uint32, BINS, elements=st.integers(0, 1000), fill=st.just(0)))
def test_each_bin_holds_what_lies_between_its_edges(counts: np.ndarray) -> None:
    found = histogram_of(counts, low=-1e7, high=1e7, mean=0.0, std=1.0)
    if found is None:
        assert not counts.any()
        return
    assert (np.diff(found.edges) > 0).all()
    assert len(found.edges) == len(found.counts) + 1
    assert found.counts[0]
    assert found.counts[-1]
    lower = np.concatenate([[-1e7], EDGES])
    for low, high, count in zip(found.edges, found.edges[1:], found.counts, strict=False):
        assert counts[(lower >= low) & (lower < high)].sum() == count
