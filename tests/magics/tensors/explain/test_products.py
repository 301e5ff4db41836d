"""Products of matrices and sums of shapes that do not fit."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check

SETUP = """
import numpy as np
import torch
a, w, v = torch.ones(3, 4), torch.ones(5, 4), torch.ones(3)
square = torch.ones(3, 3)
A, B = np.ones((3, 4)), np.ones((5, 4))
batch = torch.ones(2, 3, 4)
"""
CASES = [
    Case(SETUP, "y = a @ w", "matmul-shapes", 1, "w has 5 rows", "y = a @ w.T", "verified"),
    Case(SETUP, "x = a * 2\ny = x @ w  # comment", "matmul-shapes", 2, "x has 4 columns"),
    Case(SETUP, "(a * 2) @ w", "matmul-shapes", 1, "a * 2", "(a * 2) @ w.T", "verified"),
    Case(SETUP, "torch.matmul(a, w).sum()", "matmul-shapes", 1, "w", "torch.matmul(a, w.T).sum()"),
    Case(SETUP, "A @ B", "matmul-shapes", 1, "B has 5 rows", "A @ B.T", "verified"),
    Case(SETUP, "np.dot(A, B)", "matmul-shapes", 1, "B", "np.dot(A, B.T)", "verified"),
    Case(SETUP, "batch @ w", "matmul-shapes", 1, "w", "batch @ w.T", "verified"),
    Case(SETUP, "w @ square", "matmul-shapes", 1, "w has 4 columns"),
    Case(SETUP, "a + v", "broadcast-shapes", 1, "v", "a + v[..., None]", "verified"),
    Case(SETUP, "a.T.T @ w.T.T", "matmul-shapes", 1, "w.T.T", "a.T.T @ w.T", "verified"),
    Case(SETUP, "a.nothing", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)
