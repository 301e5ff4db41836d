"""Losses of optax that get labels of another kind than they take."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check, explained

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


STEPS = """
import jax
import jax.numpy as jnp
import optax
params = {"w": jnp.ones((3, 2)), "b": jnp.zeros(2)}
tx = optax.adam(1e-3)
state = tx.init(params)
grads = jax.tree_util.tree_map(jnp.ones_like, params)
"""
UPDATES = [
    Case(
        STEPS,
        "updates = tx.update(grads, state)\nparams = optax.apply_updates(params, updates)",
        "updates-with-state",
        1,
        "the updates and the new state, and updates is both",
        "updates, state = tx.update(grads, state)",
    ),
    Case(
        STEPS,
        "def step(kept, given):\n    new = tx.update(given, kept, params)\n"
        "    return optax.apply_updates(params, new)\njax.jit(step)(state, grads)",
        "updates-with-state",
        2,
        "new is both",
        "new, kept = tx.update(given, kept, params)",
    ),
    Case(
        STEPS,
        "optax.apply_updates(params['w'], (grads['w'], state))",
        "updates-with-state",
        1,
        "(grads['w'], state) is both",
    ),
    Case(
        STEPS,
        "updates, state = tx.update(grads)",
        "optimizer-without-state",
        1,
        "tx.update takes the gradients and the state that tx.init made",
        "updates, state = tx.update(grads, state)",
    ),
    Case(
        STEPS,
        "result = tx.update(grads)",
        "optimizer-without-state",
        1,
        "it gets no state",
        "result = tx.update(grads, state)",
    ),
    Case(
        STEPS,
        "def step(kept, given):\n    updates, kept = tx.update(given)\n    return updates\n"
        "step(state, grads)",
        "optimizer-without-state",
        2,
        "it gets no state",
        "updates, kept = tx.update(given, kept)",
    ),
    Case(STEPS, "optax.apply_updates(params, {'w': grads['w']})", None),
    Case(STEPS, "optax.apply_updates(params, (grads['w'], grads['b']))", None),
]


@pytest.mark.parametrize("case", UPDATES, ids=lambda case: case.text)
def test_an_optimizer_gives_updates_and_its_state(case: Case) -> None:
    check(case)


def test_the_state_of_the_notebook_is_not_that_of_a_step() -> None:
    text = "def step(given):\n    return tx.update(given)\nstep(grads)"
    found = explained(Case(STEPS, text, None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.code is None
