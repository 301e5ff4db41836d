"""Outcomes of NumPy and plain Python compared, where no framework is installed."""

from __future__ import annotations

import numpy as np
import pytest

from dlmagic.cell.compare import Agreement, Tolerance, compare, freeze

x = np.linspace(-2.0, 2.0, 12).reshape(3, 4)
one_wrong = np.where(x == x[1, 2], x * 1.01, x)
with_nan = np.where(x == x[0, 0], np.nan, x)


def agreement(reference: object, other: object, tolerance: Tolerance | None = None) -> Agreement:
    first, second = (freeze({"y": value}, []) for value in (reference, other))
    return compare(first, second, tolerance)


RIGHT = {
    "the same": (x, x.copy()),
    "rounded differently": (x, x * (1 + 1e-9)),
    "single precision": (x.astype(np.float32), x.astype(np.float32) * np.float32(1 + 1e-7)),
    "NaN in the same place": (with_nan, with_nan.copy()),
    "integers": (np.arange(5), np.arange(5)),
    "another layout": (x, np.asfortranarray(x)),
    "containers": ({"a": [1, (x, "text")]}, {"a": [1, (x.copy(), "text")]}),
}

WRONG = {
    "one value": (x, one_wrong, "1 of 12 values differ"),
    "another shape": (x, x.T, "shape (4, 3) instead of (3, 4)"),
    "another dtype": (x, x.astype(np.float32), "float32 instead of float64"),
    "a NaN": (x, with_nan, "NaN"),
    "an integer": (np.array([1, 2]), np.array([1, 3]), "1 of 2 values differ"),
    "a text": ("yes", "no", "y"),
    "a longer list": ([1, 2], [1, 2, 3], "y"),
}


@pytest.mark.parametrize("case", RIGHT)
def test_right_outcomes_agree(case: str) -> None:
    found = agreement(*RIGHT[case])
    assert found.agrees is True, found.reason


@pytest.mark.parametrize("case", WRONG)
def test_wrong_outcomes_are_caught(case: str) -> None:
    reference, other, words = WRONG[case]
    found = agreement(reference, other)
    assert found.agrees is False
    assert words in found.reason


def test_the_users_tolerance_counts() -> None:
    assert agreement(x, one_wrong, Tolerance(rtol=0.1)).agrees is True
