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


DROPPING = """
import jax
import jax.numpy as jnp
import flax.linen as nn
class Network(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        x = nn.Dense(4)(x)
        return nn.Dropout(0.5, deterministic=not train)(x)
class Kept(nn.Module):
    def setup(self):
        self.first = nn.Dense(4)
    def __call__(self, x):
        return self.first(x)
x, key = jnp.ones((2, 3)), jax.random.key(0)
network, kept, dense = Network(), Kept(), nn.Dense(4)
weights, of_kept, of_dense = (each.init(key, x) for each in (network, kept, dense))
inner, apply_fn = weights["params"], network.apply
"""
APPLIED = [
    ("network(x)", "unbound-module", "network holds no parameters", None),
    (
        "variables = kept.init(key, x)\nkept(x)",
        "unbound-module",
        "kept holds no parameters",
        "kept.apply(variables, x)",
    ),
    (
        "variables = network.init(key, x)\ny = network(x, train=False)",
        "unbound-module",
        "network holds no parameters",
        "y = network.apply(variables, x, train=False)",
    ),
    (
        "network.apply(weights, x, train=True)",
        "key-for-apply",
        "Dropout_0 draws random numbers with a key for 'dropout', and network.apply gets none",
        None,
    ),
    (
        "dropout_key = jax.random.key(1)\nnetwork.apply(weights, x, train=True)",
        "key-for-apply",
        "network.apply gets none",
        "network.apply(weights, x, train=True, rngs={'dropout': dropout_key})",
    ),
    (
        "network.apply(weights['params'], x)",
        "variables-first",
        "weights['params'] is what stands under 'params'",
        "network.apply(weights, x)",
    ),
    (
        "apply_fn(inner, x)",
        "variables-first",
        "inner is what stands under 'params'",
        "apply_fn({'params': inner}, x)",
    ),
    (
        "jax.grad(lambda given: apply_fn(given, x).sum())(inner)",
        "variables-first",
        "given is what stands under 'params'",
        "jax.grad(lambda given: apply_fn({'params': given}, x).sum())(inner)",
    ),
    (
        "dense.apply(of_dense['params'], x)",
        "variables-first",
        "of_dense['params'] is what",
        "dense.apply(of_dense, x)",
    ),
    (
        "network.apply(x, weights)",
        "variables-first",
        "x comes first",
        "network.apply(weights, x)",
    ),
    ("dense.apply(x, of_dense)", "variables-first", "x comes", "dense.apply(of_dense, x)"),
]


@pytest.mark.parametrize(("text", "kind", "said", "fix"), APPLIED)
def test_a_model_gets_its_variables_with_each_call(
    text: str, kind: str, said: str, fix: str | None
) -> None:
    check(Case(DROPPING, text, kind, text.count("\n") + 1, said, fix))


@pytest.mark.parametrize(
    "text",
    [
        "kept.first",
        "network.apply({}, x)",
        "network.apply({'batch_stats': {}}, x)",
        "kept.apply(inner, x)",
        "network.apply(weights, x, True, rngs={'other': key})",
    ],
)
def test_of_other_variables_nothing_is_said(text: str) -> None:
    check(Case(DROPPING, text, None))


RANDOM = [
    ("nnx.Linear(3, 2)", "nnx.Linear(3, 2, rngs=rngs)"),
    ("del rngs\nnnx.Linear(3, 2)", "nnx.Linear(3, 2, rngs=nnx.Rngs(0))"),
    ("del rngs\nNetwork()", "Network(rngs=nnx.Rngs(0))"),
]


@pytest.mark.parametrize(("text", "fix"), RANDOM)
def test_weights_are_drawn_with_random_numbers(text: str, fix: str) -> None:
    line, said = text.count("\n") + 1, "draws its first weights"
    check(Case(NNX, text, "layer-without-rngs", line, said, fix))


def test_a_class_hands_on_what_it_got_for_random_numbers() -> None:
    text = "class Inner(nnx.Module):\n    def __init__(self, {}):\n"
    text += "        self.layer = nnx.Linear(3, 2)\nInner({})"
    given = text.format("rngs", "rngs")
    fix = "self.layer = nnx.Linear(3, 2, rngs=rngs)"
    check(Case(NNX, given, "layer-without-rngs", 3, "nnx.Linear", fix))
    without = explained(Case(NNX, "del rngs\n" + text.format("", ""), None))
    assert without is not None
    assert without.finding is not None
    assert without.finding.fix is not None
    assert without.finding.fix.code is None


def test_a_class_that_is_no_model_draws_no_weights() -> None:
    text = "class Mine:\n    def __init__(self, rngs):\n        self.kept = rngs\nMine()"
    check(Case(NNX, text, None))
