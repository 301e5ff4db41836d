"""Mistakes with arrays of NumPy."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check

SETUP = """
import math
import numpy as np
a, b = np.ones((3, 4)), np.ones((5, 4))
image, ints, i = np.zeros((2, 3), np.uint8), np.arange(6), 3
"""
CASES = [
    Case(
        SETUP,
        "c = np.concatenate(a, b)",
        "not-together",
        1,
        "gets a and b one by one",
        "c = np.concatenate([a, b])",
        "verified",
    ),
    Case(
        SETUP,
        "np.vstack(a, b)",
        "not-together",
        1,
        "np.vstack takes what it joins in one list",
        "np.vstack([a, b])",
        "verified",
    ),
    Case(SETUP, "np.zeros(3, 4)", "not-together", 1, "3 and 4", "np.zeros((3, 4))", "verified"),
    Case(SETUP, "def vstack(x):\n    return x\nvstack(a, b)", None),
    Case(SETUP, "a @ b", "matmul-shapes", 1, "b has 5 rows", "a @ b.T", "verified"),
    Case(
        SETUP,
        "np.ones((3, 4)) @ np.ones((5, 4))",
        "matmul-shapes",
        1,
        "np.ones((5, 4)) has 5 rows",
        "np.ones((3, 4)) @ np.ones((5, 4)).T",
        "verified",
    ),
    Case(SETUP, "np.where(a > 0, a, b)", "broadcast-shapes", 1, "a > 0"),
    Case(
        SETUP,
        "a + np.ones(3)",
        "broadcast-shapes",
        1,
        "np.ones(3)",
        "a + np.ones(3)[..., None]",
        "verified",
    ),
    Case(
        SETUP,
        "a += np.ones(3)",
        "broadcast-shapes",
        1,
        "np.ones(3)",
        "a += np.ones(3)[..., None]",
        "verified",
    ),
    Case(SETUP, "image /= 255", "in-place-cast", 1, "uint8", "image = image / 255", "verified"),
    Case(
        SETUP,
        "ints -= ints.mean() + 1",
        "in-place-cast",
        1,
        "ints stays int",
        "ints = ints - (ints.mean() + 1)",
        "verified",
    ),
    Case(SETUP, "y = a[3]", "index-out-of-range", 1, "3 elements", "y = a[-1]", "verified"),
    Case(SETUP, "a[i, 0]", "index-out-of-range", 1, "(i is 3)", "a[-1, 0]", "verified"),
    Case(SETUP, "a[:, 4]", "index-out-of-range", 1, "Axis 1 of a", "a[:, -1]", "verified"),
    Case(SETUP, "a[[0, 5]]", "index-out-of-range", 1, "index 5"),
    Case(SETUP, "a[0, 0, 0]", "too-many-indices", 1, "a has 2 axes", "a[0, 0]", "verified"),
    Case(
        SETUP,
        "if a > 0:\n    pass",
        "ambiguous-truth",
        1,
        "a > 0 has 3 × 4",
        "if (a > 0).any():",
        "unverified",
    ),
    Case(SETUP, "while a:\n    break", "ambiguous-truth", 1, "a has", "while a.any():"),
    Case(
        SETUP,
        "(a > 0) and (a < 1)",
        "ambiguous-truth",
        1,
        "a > 0",
        "(a > 0) & (a < 1)",
        "verified",
    ),
    Case(SETUP, "0 < a < 1", "ambiguous-truth", 1, "a has", "(0 < a) & (a < 1)", "verified"),
    Case(
        SETUP,
        "np.array([[1, 2], [3]])",
        "ragged-rows",
        1,
        "1 element",
        "np.array([[1, 2], [3]], dtype=object)",
        "verified",
    ),
    Case(SETUP, "a[0, 0] = [1, 2]", "no-room", 1, "[1, 2] has the shape (2,)"),
    Case(
        SETUP,
        "a[:] = np.ones((4, 3))",
        "no-room",
        1,
        "np.ones((4, 3)) has the shape (4, 3)",
        "a[:] = np.ones((4, 3)).T",
        "shape-verified",
    ),
    Case(
        SETUP,
        "a[:] = np.ones(3)",
        "no-room",
        1,
        "np.ones(3) has the shape (3,)",
        "a[:] = np.ones(3)[..., None]",
        "shape-verified",
    ),
    Case(SETUP, "a[a[:, 0] > 0] = np.ones(2)", "no-room", 1, "np.ones(2) has the shape (2,)"),
    Case(
        SETUP,
        "mask = np.ones((3, 1)) > 0\na[mask] = 0",
        "mask-shape",
        2,
        "mask is (3, 1)",
        "a[mask[..., 0]] = 0",
        "verified",
    ),
    Case(
        SETUP,
        "columns = a[0] > 0\na[columns]",
        "mask-shape",
        2,
        "columns is (4,)",
        "a[:, columns]",
        "verified",
    ),
    Case(SETUP, "rows = a[:, 0] > 0\na[:, rows]", "mask-shape", 2, "rows", "a[rows]", "verified"),
    Case(SETUP, "a[a.T > 0]", "mask-shape", 1, "a.T > 0", "a[(a.T > 0).T]", "verified"),
    Case(SETUP, "mask = np.ones(5) > 0\na[mask]", "mask-shape", 2, "mask is (5,)"),
    Case(
        SETUP,
        "(a == np.array([0, 3, 1])).mean()",
        "compared-classes",
        1,
        "a (3, 4) has a score for each of 4 classes",
        "(a.argmax(1) == np.array([0, 3, 1])).mean()",
        "verified",
    ),
    Case(SETUP, "float(a)", "not-a-scalar", 1, "(3, 4)", "a.astype(float)", "verified"),
    Case(SETUP, "math.sqrt(a)", "not-a-scalar", 1, "sqrt", "np.sqrt(a)", "verified"),
    Case(SETUP, "a(1)", "not-callable", 1, "a is not a function, but", "a[1]", "verified"),
    Case(
        SETUP,
        "sum = np.ones(3)\nsum(a)",
        "not-callable",
        1,
        "sum",
        "sum_value = np.ones(3)",
    ),
    Case(SETUP, "n = None\nn @ a", "none-operand", 2, "n is None"),
    Case(
        SETUP,
        "np.reshape(a, (5, 3))",
        "reshape-size",
        1,
        "a (3, 4) has 12 elements",
        "np.reshape(a, (-1, 3))",
        "verified",
    ),
    Case(SETUP, "a.reshape(3, 2)", "reshape-size", 1, "6", "a.reshape(3, -1)", "verified"),
    Case(SETUP, "a.reshape(-1, 5)", "reshape-size", 1, "a multiple of 5"),
    Case(
        SETUP,
        "np.concatenate([a, np.ones((3, 5))])",
        "unequal-parts",
        1,
        "axis 1 of a",
        "np.concatenate([a, np.ones((3, 5))], axis=1)",
        "verified",
    ),
    Case(
        SETUP,
        "np.concatenate([a, np.ones(4)])",
        "unequal-parts",
        1,
        "a has 2 axes",
        "np.concatenate([a, np.ones(4)[None]])",
        "verified",
    ),
    Case(
        SETUP,
        "np.stack([a, b])",
        "unequal-parts",
        1,
        "b is (5, 4)",
        "np.concatenate([a, b], axis=0)",
        "verified",
    ),
    Case(
        SETUP,
        "np.vstack([a, np.ones((3, 5))])",
        "unequal-parts",
        1,
        "axis 1",
        "np.hstack([a, np.ones((3, 5))])",
        "verified",
    ),
    Case(SETUP, "np.ones((10**7, 10**7))", "out-of-memory", 1, "free: 728 TiB."),
]
LARGE = (
    SETUP
    + """
row, other, wide = np.ones((1, 90_000)), np.ones((1, 90_000)), np.ones((2000, 3000))
n = 100_000
"""
)
LARGE_CASES = [
    Case(LARGE, "row @ other", "matmul-shapes", 1, "other has 1 rows", status="unverified"),
    Case(
        LARGE,
        "wide @ np.ones((40, 3000))",
        "matmul-shapes",
        1,
        "wide has 3000",
        "wide @ np.ones((40, 3000)).T",
        "shape-verified",
    ),
    Case(LARGE, "np.ones((n, n, n)) @ row", "out-of-memory", 1, "more memory than is free"),
]
NOTHING = [
    "a.no_such_method()",
    "unknown_name + a",
    "np.linalg.inv(a)",
    "[1, 2][5]",
    "raise ValueError('operands could not be broadcast together')",
    "{}[a.shape]",
    "(lambda: a @ b)()  # dlmagic: ok",
    "'text' + 1",
    "int('no number')",
    "5(3)",
    "int(None)",
    "len(None)",
    "np.sum(a.no_such, axis=None)",
]


@pytest.mark.parametrize("case", [*CASES, *LARGE_CASES], ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_said_where_nothing_is_known(text: str) -> None:
    check(Case(SETUP, text, None))
