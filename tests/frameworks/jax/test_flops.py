"""Operations counted by JAX, against the formulas written out by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from dlmagic.devices.reading import Reason

BATCH, INPUT, HIDDEN, OUTPUT = 32, 64, 48, 10
EXACT = 1e-3


def counted(bench, text, **names):
    made = bench(text, **names)
    try:
        return made.framework.count_operations(made.cell, made.arguments, made.run_once)
    finally:
        made.snapshot.restore()


def test_a_matrix_product(bench):
    found = counted(bench, "y = a @ b", a=jnp.ones((30, 40)), b=jnp.ones((40, 50)))
    assert found.flops == pytest.approx(2 * 30 * 40 * 50, rel=EXACT)
    assert found.bytes_moved == 4 * (30 * 40 + 40 * 50 + 30 * 50)
    assert [each.dtype for each in found.operations] == ["float32"]


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("groups", [1, 3])
def test_a_convolution_and_its_gradients(bench, stride, padding, groups):
    x, w = jnp.ones((4, 6, 17, 17)), jnp.ones((12, 6 // groups, 3, 3))

    def convolve(x, w):
        return jax.lax.conv_general_dilated(
            x, w, (stride, stride), padding, feature_group_count=groups
        )

    forward = 2 * convolve(x, w).size * (6 // groups) * 3 * 3
    found = counted(bench, "y = convolve(x, w)", x=x, w=w, convolve=convolve)
    assert found.flops == pytest.approx(forward, rel=EXACT)
    cell = "g = jax.grad(lambda x, w: convolve(x, w).sum(), argnums=(0, 1))(x, w)"
    trained = counted(bench, cell, x=x, w=w, convolve=convolve)
    assert trained.flops == pytest.approx(3 * forward, rel=EXACT)


def test_attention(bench):
    q = jnp.ones((2, 24, 4, 16))
    found = counted(bench, "y = jax.nn.dot_product_attention(q, q, q)", q=q)
    assert found.flops == pytest.approx(2 * 2 * 4 * 24 * 24 * 16 * 2, rel=EXACT)


STEP = """
def loss(weights):
    return jnp.square(jax.nn.relu(x @ weights[0]) @ weights[1]).mean()

gradients = jax.jit(jax.grad(loss))(weights)
weights = [w - 0.1 * g for w, g in zip(weights, gradients)]
"""


def test_a_training_step(bench):
    weights = [jnp.ones((INPUT, HIDDEN)), jnp.ones((HIDDEN, OUTPUT))]
    found = counted(bench, STEP, x=jnp.ones((BATCH, INPUT)), weights=weights)
    first, second = 2 * BATCH * INPUT * HIDDEN, 2 * BATCH * HIDDEN * OUTPUT
    assert found.flops == pytest.approx(2 * first + 3 * second, rel=EXACT)


@pytest.mark.parametrize(
    ("cell", "products"),
    [
        ("y = jax.lax.fori_loop(0, 7, lambda i, s: s + a @ a, a)", 7),
        ("y = jax.lax.scan(lambda s, x: (s @ a, x), a, None, length=5)[0]", 5),
        ("y = jax.lax.cond(a.sum() > 0, lambda: a @ a, lambda: a.T @ a)", 1),
        ("y = jax.vmap(lambda row: a @ row)(a)", 1),
        ("y = jax.checkpoint(lambda a: a @ a)(a)", 1),
        ("y = a + 1", 0),
    ],
)
def test_loops_and_branches_count_as_they_run(bench, cell, products):
    assert counted(bench, cell, a=jnp.ones((8, 8))).flops == products * 2 * 8**3


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("y = jax.lax.while_loop(lambda s: s.sum() < 9, lambda s: s @ a, a)", "while_loop"),
        ("y = jax.lax.cond(a.sum() > 0, lambda a: a @ a, lambda a: a, a)", "a branch depends"),
    ],
)
def test_what_depends_on_values_has_a_reason(bench, cell, words):
    found = counted(bench, f"f = jax.jit(lambda a: a)\na = f(a)\n{cell}", a=jnp.ones((8, 8)))
    assert isinstance(found, Reason)
    assert words in str(found)
