"""A fix that is said to be checked lets the same gradients through as the cell does."""

from __future__ import annotations

from typing import Any

import pytest

import dlmagic
from dlmagic.finding import Fix

TORCH = """
import torch
torch.manual_seed(0)
x = torch.randn(4, 3)
model = torch.nn.Linear(3, 1)
zeros = torch.zeros(3, requires_grad=True)
ones = torch.ones(3, requires_grad=True)
items = []
"""
TENSORFLOW = "import tensorflow as tf\nx = tf.constant([1.0, 2.0, 3.0])\nzeros = tf.zeros(3)"
JAX = "import jax, jax.numpy as jnp\nx = jnp.arange(1.0, 4.0)\nzeros = jnp.zeros(3)"
ROOT = """
s = {0}.sum()
if s > 0:
    y = {1}.sqrt(s)
else:
    y = s * 0
""".strip()
SCALED = "h = model(x)\nscale = max(0.1, h.abs().mean().item())\nloss = (h / scale).sum()"


def checked(setup: str, mode: str, text: str) -> list[Fix]:
    names: dict[str, Any] = {"__name__": "__main__"}
    if setup == TENSORFLOW:
        pytest.importorskip("tensorflow")
    exec(setup, names)
    found = dlmagic.graphmode(text, namespace=names, mode=mode).findings
    return [each.fix for each in found if each.fix and each.fix.status == "verified"]


@pytest.mark.parametrize(
    ("setup", "mode", "text"),
    [
        (TORCH, "compile:eager", ROOT.format("zeros", "torch")),
        (TORCH, "trace", ROOT.format("zeros", "torch")),
        (JAX, "jit", ROOT.format("zeros", "jnp")),
    ],
)
def test_a_choice_whose_other_side_has_no_finite_gradient_is_not_checked(
    setup: str, mode: str, text: str
) -> None:
    assert checked(setup, mode, text) == []


@pytest.mark.parametrize(
    ("setup", "mode", "text", "mended"),
    [
        (TORCH, "compile:eager", SCALED, "scale = max(0.1, h.abs().mean().detach())"),
        (
            TORCH,
            "compile:eager",
            "loss = model(x).sum()\nitems.append(loss.item())",
            "items.append(loss.detach())",
        ),
        (TORCH, "compile:eager", "best = float(x.sum())", "best = x.sum().detach()"),
        (
            TORCH,
            "compile:eager",
            ROOT.format("ones", "torch"),
            "y = torch.where(s > 0, torch.sqrt(s), s * 0)",
        ),
        (JAX, "jit", "y = x / x.max().item()", "y = x / jax.lax.stop_gradient(x.max())"),
        (JAX, "jit", "v = x.max().item()", "v = x.max()"),
        (
            TENSORFLOW,
            "graph",
            "y = x / tf.reduce_max(x).numpy()",
            "y = x / tf.stop_gradient(tf.reduce_max(x))",
        ),
    ],
)
def test_one_that_is_checked_keeps_them(setup: str, mode: str, text: str, mended: str) -> None:
    assert [fix.code for fix in checked(setup, mode, text)] == [mended]
