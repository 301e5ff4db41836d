"""Layers of Flax that get another number of features than they were made for."""

from __future__ import annotations

import pytest

from tests.magics.tensors.explain.explained import SETUP_CELL, Case, check, explained

pytest.importorskip("flax")

LINEN = """
import jax
import jax.numpy as jnp
import flax.linen as nn
class Network(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.Conv(4, (3, 3))(x)
        return nn.Dense(2)(x.reshape((x.shape[0], -1)))
network = Network()
weights = network.init(jax.random.key(0), jnp.ones((1, 6, 6, 1)))
"""
NNX = """
import jax.numpy as jnp
from flax import nnx
class Network(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(12, 8, rngs=rngs)
        self.second = nnx.Linear(6, 2, rngs=rngs)
    def __call__(self, x):
        x = self.first(x)
        return self.second(x)
network, rngs = Network(nnx.Rngs(0)), nnx.Rngs(1)
x = jnp.ones((5, 3, 4))
linear = nnx.Linear(12, 2, rngs=rngs)
"""
CASES = [
    Case(
        NNX,
        "network(x.reshape(5, 12))",
        "layer-features",
        7,
        "self.second was made for 6 features on the last axis and gets 8: x is (5, 8)",
        "self.second = nnx.Linear(8, 2, rngs=rngs)",
        cell=SETUP_CELL,
    ),
    Case(
        NNX,
        "linear(x)",
        "layer-features",
        1,
        "linear was made for 12 features on the last axis and gets 4",
        "linear(x.reshape(x.shape[0], -1))",
    ),
    Case(
        NNX,
        "conv = nnx.Conv(3, 4, (2, 2), rngs=rngs)\nz = conv(jnp.ones((1, 3, 8, 8)))",
        "layer-features",
        2,
        "conv was made for 3 features",
        "z = conv(jnp.moveaxis(jnp.ones((1, 3, 8, 8)), 1, -1))",
        "shape-verified",
    ),
    Case(
        NNX,
        "both = nnx.Sequential(linear, nnx.Linear(3, 1, rngs=rngs))\nboth(jnp.ones((1, 12)))",
        "layer-features",
        2,
        "A Linear layer within both was made for 3 features on the last axis and gets 2",
    ),
    Case(
        LINEN,
        "network.apply(weights, jnp.ones((2, 8, 8, 1)))",
        "layer-features",
        9,
        "The parameters of Dense_0 were made for 144 features, as init saw them, and it gets 256",
        cell=SETUP_CELL,
    ),
    Case(
        LINEN,
        "network.apply(weights, jnp.ones((2, 1, 6, 6)))",
        "layer-features",
        8,
        "The parameters of Conv_0 were made for 1 features",
        "x = nn.Conv(4, (3, 3))(jnp.moveaxis(x, 1, -1))",
        cell=SETUP_CELL,
        runs=False,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_what_is_said(case: Case) -> None:
    check(case)


def test_layers_of_another_width_are_no_matter_of_the_input() -> None:
    text = "nn.Dense(3).apply(nn.Dense(2).init(jax.random.key(0), jnp.ones(4)), jnp.ones(4))"
    assert explained(Case(LINEN, text, None)) is None
