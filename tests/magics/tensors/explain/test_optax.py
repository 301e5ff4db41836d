"""Losses of optax that get labels of another kind than they take."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check

pytest.importorskip("optax")

SETUP = """
import jax
import jax.numpy as jnp
import optax
from optax import softmax_cross_entropy
scores, kinds = jnp.ones((8, 10)), jnp.arange(8)
rows = jax.nn.one_hot(kinds, 10)
"""
IDS = "optax.softmax_cross_entropy_with_integer_labels"
ROWS = "optax.softmax_cross_entropy"
CASES = [
    Case(
        SETUP,
        f"loss = {ROWS}(scores, kinds).mean()",
        "class-ids",
        1,
        "kinds (8,) has one class id for each",
        f"loss = {IDS}(scores, kinds).mean()",
        "verified",
    ),
    Case(
        SETUP,
        f"def loss(given, wanted):\n    return {ROWS}(logits=given, labels=wanted).mean()\n"
        "jax.value_and_grad(loss)(scores, kinds)",
        "class-ids",
        2,
        "wanted (8,)",
        f"return {IDS}(logits=given, labels=wanted).mean()",
        "shape-verified",
    ),
    Case(
        SETUP,
        f"{IDS}(scores, rows)",
        "one-hot-labels",
        1,
        "rows (8, 10) has a row for each",
        f"{ROWS}(scores, rows)",
        "verified",
    ),
    Case(
        SETUP,
        f"{IDS}(scores, rows.astype(int))",
        "one-hot-labels",
        1,
        "rows.astype(int) (8, 10)",
        f"{ROWS}(scores, rows.astype(int))",
    ),
    Case(
        SETUP,
        f"{IDS}(scores, kinds[:, None])",
        "class-id-labels",
        1,
        "labels of shape (8,), and kinds[:, None] has (8, 1)",
        f"{IDS}(scores, kinds[:, None].squeeze(-1))",
        "verified",
    ),
    Case(
        SETUP,
        f"floats = kinds * 1.0\n{IDS}(scores, floats)",
        "class-id-labels",
        2,
        "floats is float32",
        f"{IDS}(scores, floats.astype(int))",
        "verified",
    ),
    Case(SETUP, f"{IDS}(scores, kinds + 0.5)", None),
    Case(
        SETUP,
        f"{IDS}(scores, kinds[:4])",
        "unequal-samples",
        1,
        "scores has 8, kinds[:4] 4",
    ),
    Case(SETUP, "softmax_cross_entropy(scores, kinds)", "class-ids", 1, "kinds"),
    Case(SETUP, f"{ROWS}(scores, rows[:, :4])", None),
    Case(SETUP, f"{ROWS}(scores, kinds * 1.0)", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)
