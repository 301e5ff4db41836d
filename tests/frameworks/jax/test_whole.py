"""Whole benchmarks of cells that compute with JAX."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen, nnx

from dlmagic import bench
from dlmagic.errors import CellError, StateError

LIBRARIES = {"jax": jax, "jnp": jnp, "np": np, "optax": optax, "nnx": nnx, "__name__": "__main__"}


def made(before: str) -> dict[str, object]:
    """A notebook in which some cells have run."""
    namespace: dict[str, object] = {**LIBRARIES, "linen": linen}
    exec(before, namespace)
    return namespace


REGRESSION = """
def loss(params, x, y):
    return jnp.mean((jnp.tanh(x @ params["w"]) + params["b"] - y) ** 2)
x = jax.random.normal(jax.random.key(0), (64, 32))
y = jnp.ones((64, 4))
params = {"w": jax.random.normal(jax.random.key(1), (32, 4)), "b": jnp.zeros(4)}
optimiser = optax.adam(0.01)
state = optimiser.init(params)
"""

CELLS = {
    "a matrix product": ("", "a = jnp.ones((50, 50)) * 0.1\nb = jnp.tanh(a @ a)\nb.sum()"),
    "gradient descent": (
        REGRESSION,
        (
            "for _ in range(3):\n    value, grads = jax.value_and_grad(loss)(params, x, y)\n"
            "    params = jax.tree_util.tree_map(lambda p, g: p - 0.1 * g, params, grads)"
        ),
    ),
    "adam": (
        REGRESSION,
        (
            "value, grads = jax.value_and_grad(loss)(params, x, y)\n"
            "updates, state = optimiser.update(grads, state)\n"
            "params = optax.apply_updates(params, updates)"
        ),
    ),
    "a jitted step": (
        REGRESSION + "step = jax.jit(jax.value_and_grad(loss))\n",
        "value, grads = step(params, x, y)",
    ),
    "a linen model": (
        REGRESSION + "model = linen.Dense(3)\nweights = model.init(jax.random.key(0), x)\n",
        "out = jax.nn.softmax(model.apply(weights, x))",
    ),
    "an nnx model": (
        REGRESSION + "model = nnx.Linear(32, 3, rngs=nnx.Rngs(0))\n",
        "out = jax.nn.relu(model(x)).sum(axis=0)",
    ),
    "random numbers": ("key = jax.random.key(3)", "z = jax.random.normal(key, (100,))\nz.mean()"),
    "a scan": (REGRESSION, "total, rows = jax.lax.scan(lambda c, r: (c + r, c), x[0] * 0, x)"),
}


@pytest.mark.parametrize(("before", "text"), CELLS.values(), ids=CELLS.keys())
def test_modes_agree(before, text):
    result = bench(text, namespace=made(before), time=0.2)
    assert [arm.name for arm in result.arms] == ["eager", "jit"]
    for arm in result.arms:
        assert arm.status == "ok", arm.reason
        assert arm.agrees is True, arm.agreement


def test_a_cell_that_donates_is_timed_and_leaves_the_parameters_alive():
    namespace = made(
        REGRESSION + "import functools\n"
        "@functools.partial(jax.jit, donate_argnums=0)\ndef step(params, x, y):\n"
        "    grads = jax.grad(loss)(params, x, y)\n"
        "    return jax.tree_util.tree_map(lambda p, g: p - g, params, grads)"
    )
    params = namespace["params"]
    arrays, before = dict(params), {name: np.array(value) for name, value in params.items()}
    result = bench("params = step(params, x, y)", namespace=namespace, time=0.3)
    for arm in result.arms:
        assert (arm.status, arm.agrees) == ("ok", True), arm.agreement
        assert "donated" in [finding.kind for finding in arm.findings]
    assert namespace["params"] is params
    for name, array in arrays.items():
        assert params[name] is array
        assert not array.is_deleted()
        assert np.array_equal(array, before[name])


def test_a_training_step_of_nnx_runs_eagerly_and_says_why_not_as_one_program():
    namespace = made(
        "model = nnx.Linear(4, 1, rngs=nnx.Rngs(0))\nx = jnp.ones((8, 4))\n"
        "optimiser = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)\n"
    )
    kernel = np.array(namespace["model"].kernel[...])
    text = (
        "value, grads = nnx.value_and_grad(lambda m: (m(x) ** 2).mean())(model)\n"
        "optimiser.update(model, grads)"
    )
    result = bench(text, namespace=namespace, time=0.2)
    assert (result["eager"].status, result["eager"].agrees) == ("ok", True)
    assert result["jit"].status == "failed"
    assert "nnx.jit around the step" in result["jit"].reason
    assert np.array_equal(namespace["model"].kernel[...], kernel)
    assert int(namespace["optimiser"].step[...]) == 0


def test_a_mode_that_fails_says_where_and_stops_no_other():
    result = bench("y = 1\nif x > 0:\n    y = x", namespace=made("x = jnp.ones(())"), time=0.1)
    assert result["eager"].status == "ok"
    assert (result["jit"].status, result["jit"].line) == ("failed", 2)
    assert "jnp.where" in result["jit"].reason


def test_a_tracer_left_behind_is_refused_in_one_line():
    namespace = made("left = []\njax.jit(lambda a: left.append(a))(jnp.ones(2))")
    with pytest.raises((CellError, StateError), match=r"left\[0\] is a tracer"):
        bench("y = left[0] + 1", namespace=namespace, time=0.1)


def test_a_cell_of_jax_imports_no_other_framework():
    code = """
import sys
import jax.numpy as jnp
from dlmagic import bench
x = jnp.ones((20, 20))
result = bench("y = jnp.tanh(x @ x)", time=0.1)
assert [arm.status for arm in result.arms] == ["ok", "ok"], result
for name in ("torch", "tensorflow", "keras", "numba", "flax", "optax"):
    assert name not in sys.modules, name
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("wide")
def test_a_cell_in_float64_agrees_though_its_residual_is_rounding_alone():
    namespace = made(
        "a = jax.random.normal(jax.random.PRNGKey(0), (60, 60))\na = a @ a.T + jnp.eye(60)\n"
        "b = jnp.ones(60)\n"
    )
    text = """\
x = jnp.zeros(60)
r = b - a @ x
p, old = r, r @ r
for _ in range(30):
    ap = a @ p
    step = old / (p @ ap)
    x, r = x + step * p, r - step * ap
    new = r @ r
    p, old = r + (new / old) * p, new
jnp.linalg.norm(a @ x - b)"""
    result = bench(text, namespace=namespace, time=0.1)
    assert result["jit"].status == "ok"
    assert result["jit"].agrees is not False, result["jit"].agreement


def test_a_cell_may_wait_for_its_result_as_tutorials_do():
    namespace = made("f = jax.jit(lambda a: a @ a)\nx = jnp.ones((20, 20))\n")
    text = "y = f(x).block_until_ready()\nz = jax.block_until_ready(y + 1)"
    result = bench(text, namespace=namespace, time=0.1)
    assert [(arm.status, arm.agrees) for arm in result.arms] == [("ok", True)] * 2


def test_the_default_of_a_field_is_not_taken_for_the_field():
    """The class of the object counts as state of its own, under its own name."""
    namespace = made(
        "from dataclasses import dataclass\n@dataclass\nclass State:\n    w: object\n"
        "    step: int = 0\nstate = State(jnp.ones(3))\n"
    )
    text = "state.w = state.w - 0.1\nstate.step += 1"
    result = bench(text, namespace=namespace, modes=["eager"], time=0.1)
    assert result["eager"].agrees is True, result["eager"].agreement
    assert namespace["state"].step == 0


def test_a_small_number_that_no_run_repeats_is_no_difference():
    """Such as a time in seconds: it could be rounding, so only other runs can tell.

    The runs are the first, the reference, the mode, the repetition and the referee.
    """
    hidden = ModuleType("hidden")  # a module's attributes are not put back
    hidden.runs = 0
    namespace = {**LIBRARIES, "hidden": hidden, "x": jnp.ones((20, 20))}
    text = """\
y = x @ x
hidden.runs += 1
elapsed = (5, 1, 9, 2, 1.1)[min(hidden.runs, 5) - 1] * 1e-5"""
    result = bench(text, namespace=namespace, modes=["eager"], time=0.1)
    assert (result["eager"].agrees, hidden.runs > 5) == (None, True)
