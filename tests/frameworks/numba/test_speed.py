"""What the mode njit measures is what the same function takes in a loop written by hand."""

from __future__ import annotations

import statistics
import time

import numba
import numpy as np
import pytest

X = np.random.default_rng(0).normal(size=20_000)


def by_hand_sum(x):
    t = 0.0
    for i in range(len(x)):
        t += x[i]
    return t, t, i


def by_hand_sines(x):
    y = np.sin(x) + np.cos(x)
    return None, y


def by_hand_sort(x):
    y = np.sort(x)
    m = y[len(y) // 2]
    return m, y, m


CELLS = {
    "a sum": ("t = 0.0\nfor i in range(len(x)):\n    t += x[i]\nt", by_hand_sum),
    "sines": ("y = np.sin(x) + np.cos(x)", by_hand_sines),
    "a median": ("y = np.sort(x)\nm = y[len(y) // 2]\nm", by_hand_sort),
}


@pytest.mark.alone
@pytest.mark.parametrize(("text", "by_hand"), CELLS.values(), ids=CELLS.keys())
def test_a_cell_takes_as_long_as_the_function_written_by_hand(trial, text, by_hand):
    cell = trial(text, x=X, np=np)
    ours, theirs = cell.prepare("njit").function, numba.njit(by_hand)
    assert str(ours(X)) == str(theirs(X))
    ratios = [seconds(ours) / seconds(theirs) for _ in range(40)]
    assert statistics.median(ratios) == pytest.approx(1, abs=0.25)


def seconds(function):
    """The fastest of five, since other work on the machine only adds."""
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        function(X)
        taken.append(time.perf_counter() - start)
    return min(taken)
