"""Products of matrices and sums of shapes that do not fit."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import Case, check, explained

SETUP = """
import numpy as np
import jax.numpy as jnp
import torch
import torch.nn.functional as F
a, w, v = torch.ones(3, 4), torch.ones(5, 4), torch.ones(3)
square = torch.ones(3, 3)
A, B = np.ones((3, 4)), np.ones((5, 4))
batch, other = torch.ones(2, 3, 4), torch.ones(4, 6)
cube = torch.ones(3, 3, 4)
"""
TENSORFLOW = f"{SETUP}import tensorflow as tf\n"
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
    Case(SETUP, "F.linear(a, w.T)", "matmul-shapes", 1, "w.T is (4, 5)", "F.linear(a, w)"),
    Case(SETUP, "F.linear(batch, other)", "matmul-shapes", 1, "(4, 6)", "F.linear(batch, other.T)"),
    Case(SETUP, "y = F.linear(a.T, w)", "matmul-shapes", 1, "a.T", "y = F.linear(a, w)"),
    Case(SETUP, "F.linear(a, square)", "matmul-shapes", 1, "square is (3, 3)", runs=False),
    Case(
        SETUP, "c = torch.ones(5, 4, 6)\nbatch @ c", "batch-axes", 2, "batch (2, 3, 4) has 2 where"
    ),
    Case(SETUP, "torch.matmul(batch, cube.mT)", "batch-axes", 1, "cube.mT (3, 4, 3) has 3"),
    Case(SETUP, "torch.bmm(batch, cube.mT)", "batch-axes", 1, "cube.mT (3, 4, 3) has 3"),
    Case(
        SETUP,
        "many = np.ones((2, 7, 3, 4))\nnp.matmul(many, np.ones((2, 4, 5)))",
        "batch-axes",
        2,
        "many (2, 7, 3, 4) has 7 where np.ones((2, 4, 5)) (2, 4, 5) has 2",
        "np.matmul(many, np.ones((2, 4, 5))[:, None])",
        "verified",
    ),
    Case(SETUP, "jnp.ones((2, 3, 4)) @ jnp.ones((5, 4, 3))", "batch-axes", 1, "has 2 where"),
    Case(SETUP, "def linear(x, y):\n    return x @ y\nlinear(a, w)", "matmul-shapes", 2, "x has 4"),
]
BATCHES = """a, b = tf.ones((2, 3, 4)), tf.ones((5, 4, 3))
"""
OF_TENSORFLOW = [
    Case(TENSORFLOW, f"{BATCHES}a @ b", "batch-axes", 2, "a (2, 3, 4) has 2 where"),
    Case(
        TENSORFLOW,
        f"{BATCHES}@tf.function\ndef f(a, b):\n    return tf.matmul(a, b)\nf(a, b)",
        "batch-axes",
        4,
        "a (2, 3, 4) has 2 where",
    ),
]
NET = f"{SETUP}net = torch.nn.Linear(4, 3)\n"
OF_A_MODEL = [
    Case(NET, "net(a) @ w", "matmul-shapes", 1, "net(a) has 3 columns, w has 5 rows"),
    Case(NET, "net(a) @ a.T", "matmul-shapes", 1, "a.T", "net(a) @ a", "unverified"),
    Case(NET, "w @ net(w)", "matmul-shapes", 1, "net(w)", "w.T @ net(w)", "shape-verified"),
    Case(NET, "net(a) @ net(torch.ones(7, 4))", "matmul-shapes", 1, "net(a) has 3 columns"),
    Case(NET, "def f(b):\n    return w @ net(b)\nf(a)", "matmul-shapes", 2, "net(b) has 3 rows"),
    Case(NET, "net(a) + torch.ones(4)", "broadcast-shapes", 1, "that of net(a) 3"),
    Case(NET, "a - net(a)", "broadcast-shapes", 1, "last axis of a (3, 4) has 4 elements"),
    Case(NET, "square + net(torch.ones(5, 4))", None),
    Case(NET, "net(a) + net(torch.ones(5, 4))", None),
    Case(NET, "torch.cat([a, net(a)])", "joined-sizes", 1, "net(a) has 3 elements where a has 4"),
    Case(NET, "torch.cat([net(a), a])", "joined-sizes", 1, "a has 4 elements where net(a) has 3"),
]
LENGTHS, AXES = "einsum-lengths", "einsum-axes"
SUMS = [
    Case(
        SETUP,
        "torch.einsum('ij,jk', a, w)",
        LENGTHS,
        1,
        "j stands for one length: it is 4 in a (3, 4) and 5 in w (5, 4)",
        "torch.einsum('ij,kj', a, w)",
        "verified",
    ),
    Case(
        SETUP,
        'y = torch.einsum("bij, kj -> bik", batch, w.T)',
        LENGTHS,
        1,
        "w.T (4, 5)",
        'y = torch.einsum("bij,jk->bik", batch, w.T)',
    ),
    Case(SETUP, "torch.einsum('ij,jk->ik', square, w)", LENGTHS, 1, "w", runs=False),
    Case(SETUP, "torch.einsum('ijk,kl->il', a, w.T)", AXES, 1, "3 axes of a (ijk), which has 2"),
    Case(
        SETUP,
        "torch.einsum('ij,kj->ik', batch, w)",
        AXES,
        1,
        "2 axes of batch (ij), which has 3 (2, 3, 4)",
        "torch.einsum('...ij,kj->...ik', batch, w)",
        "verified",
    ),
    Case(SETUP, "np.einsum('ij,jk', A, B)", LENGTHS, 1, "B", "np.einsum('ij,kj', A, B)"),
    Case(SETUP, "np.einsum('ij,jk', A, B, optimize=True)", LENGTHS, 1, "5 in B"),
    Case(SETUP, "np.einsum('ijk,kj->i', A, B)", AXES, 1, "A"),
    Case(
        SETUP, "np.einsum('i,j->ij', A, B[0])", AXES, 1, "A", "np.einsum('...i,j->...ij', A, B[0])"
    ),
    Case(SETUP, "jnp.einsum('ij,jk', A, B)", LENGTHS, 1, "B", "jnp.einsum('ij,kj', A, B)"),
    Case(SETUP, "jnp.einsum('ijk,jk->i', A, B)", AXES, 1, "A"),
    Case(
        TENSORFLOW, "tf.einsum('ij,jk->ik', A, B)", LENGTHS, 1, "B", "tf.einsum('ij,kj->ik', A, B)"
    ),
    Case(TENSORFLOW, "tf.einsum('ijk,jk->i', A, B)", AXES, 1, "A"),
    Case(SETUP, "terms = 'ij,jk'\ntorch.einsum(terms, a, w)", None),
    Case(SETUP, "torch.einsum('ij,jk', a)", None),
    Case(SETUP, "torch.einsum('ij->iz', a)", None),
]


@pytest.mark.parametrize("case", SUMS, ids=lambda case: case.text)
def test_what_is_said_of_sums(case: Case) -> None:
    check(case)


def test_where_a_square_can_be_named_in_two_orders_none_is_called_checked() -> None:
    found = explained(Case(SETUP, "torch.einsum('abc,cad->bd', cube, cube[:, :, :2])", None))
    assert found is not None
    assert found.finding is not None
    assert found.finding.fix is not None
    assert found.finding.fix.status == "unverified"
    assert found.alternatives


@pytest.mark.parametrize("case", [*OF_A_MODEL, *OF_TENSORFLOW], ids=lambda case: case.text)
def test_what_the_error_states_of_a_value_that_nobody_keeps(case: Case) -> None:
    """A model is not called again: it could print, count, or change its statistics."""
    check(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)
