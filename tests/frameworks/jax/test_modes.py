"""Cells in the mode jit give what they give as they are written."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from dlmagic.errors import ModeError

TRAINING = """
def loss(params, x, y):
    return jnp.mean((x @ params["w"] + params["b"] - y) ** 2)

params = {"w": jnp.ones((4, 2)), "b": jnp.zeros(2)}
x = jnp.arange(12.0).reshape(3, 4) / 12
y = jnp.ones((3, 2))
optimiser = optax.adam(0.1)
state = optimiser.init(params)
"""

CELLS = {
    "a value and its gradients": "value, grads = jax.value_and_grad(loss)(params, x, y)",
    "a training loop": """
for _ in range(3):
    value, grads = jax.value_and_grad(loss)(params, x, y)
    params = jax.tree_util.tree_map(lambda p, g: p - 0.1 * g, params, grads)
value""",
    "optax": """
value, grads = jax.value_and_grad(loss)(params, x, y)
updates, state = optimiser.update(grads, state, params)
params = optax.apply_updates(params, updates)""",
    "scan": """
def body(carry, row):
    return carry + row, carry * 2
total, history = jax.lax.scan(body, jnp.zeros(4), x)""",
    "vmap": "norms = jax.vmap(lambda row: jnp.sqrt((row ** 2).sum()))(x)\nnorms.sum()",
    "random numbers": """
key = jax.random.key(7)
key, part = jax.random.split(key)
noise = jax.random.normal(part, (3,))""",
    "numbers and texts beside arrays": """
n = x.shape[0]
word = f"{n} rows"
nothing = None
made = {"total": x.sum(), "n": n, "word": word, "pair": (x, [n])}""",
    "a function of its own": "def double(a):\n    return 2 * a\nz = double(x)",
    "jitted inside": "fast = jax.jit(loss)\nvalue = fast(params, x, y)",
    "a loop on the device": "z = jax.lax.fori_loop(0, 5, lambda i, a: a * 2, x)",
}


@pytest.mark.parametrize("text", CELLS.values(), ids=CELLS.keys())
def test_a_cell_gives_the_same_in_every_mode(in_notebook, same, text):
    bench = in_notebook(TRAINING, text)
    wanted = bench.outputs()
    for mode in ("eager", "jit"):
        prepared = bench.prepare(mode)
        for _ in range(2):  # the second call is not traced
            found = bench.call(prepared)
            functions = [name for name, value in wanted.items() if callable(value)]
            for name in functions:
                assert callable(found[name])
            kept = wanted.keys() - set(functions)
            assert same({name: found[name] for name in kept}, {n: wanted[n] for n in kept})


def test_a_linen_model_is_trained(in_notebook, same):
    bench = in_notebook(
        "from flax import linen as nn\n"
        "model = nn.Sequential([nn.Dense(5), nn.relu, nn.Dense(1)])\n"
        "x = jnp.ones((3, 4))\n"
        "params = model.init(jax.random.key(0), x)\n"
        "def loss(p, x):\n    return (model.apply(p, x) ** 2).mean()\n",
        "value, grads = jax.value_and_grad(loss)(params, x)\n"
        "params = jax.tree_util.tree_map(lambda p, g: p - 0.1 * g, params, grads)",
    )
    assert same(bench.jitted(), bench.outputs())


def test_an_nnx_model_computes(in_notebook, same):
    bench = in_notebook(
        "model = nnx.Linear(4, 2, rngs=nnx.Rngs(0))\nx = jnp.ones((3, 4))", "model(x)"
    )
    assert same(bench.jitted(), bench.outputs())


def test_keys_are_inputs_and_outputs(in_notebook):
    bench = in_notebook(
        "key = jax.random.key(1)",
        "key, part = jax.random.split(key)\nnoise = jax.random.uniform(part, (2,))",
    )
    wanted, found = bench.outputs(), bench.jitted()
    assert found["key"].dtype == wanted["key"].dtype
    assert np.array_equal(found["noise"], wanted["noise"])


def test_a_dataclass_is_made_anew_with_the_arrays_of_each_call(in_notebook):
    bench = in_notebook(
        "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\nclass Step:\n"
        "    loss: object\n    number: int\n    inner: object\n"
        "x = jnp.ones(3)",
        "step = Step(x.sum(), 3, Step({'a': x}, 4, None))",
    )
    prepared = bench.prepare("jit")
    first, second = bench.call(prepared)["step"], bench.call(prepared)["step"]
    assert first is not second
    assert type(second).__name__ == "Step"
    assert (float(second.loss), second.number, second.inner.number) == (3.0, 3, 4)
    assert isinstance(second.inner.loss["a"], type(jnp.ones(1)))


def test_a_global_that_the_cell_writes_through_a_function_is_written(in_notebook):
    bench = in_notebook(
        "total = jnp.zeros(())\nx = jnp.ones(3)\n"
        "def add(a):\n    global total\n    total = total + a.sum()\n",
        "add(x)",
    )
    prepared = bench.prepare("jit")
    for expected in (3.0, 6.0):
        bench.call(prepared)
        assert float(bench.cell.namespace["total"]) == expected
    bench.snapshot.restore()
    assert float(bench.cell.namespace["total"]) == 0.0


def test_a_name_that_gets_no_value_has_none(in_notebook):
    bench = in_notebook("x = jnp.ones(3)\nflag = False", "if flag:\n    y = x\nz = x + 1")
    assert bench.jitted().keys() == {"z", ""}


def test_an_unknown_mode_is_named(bench):
    with pytest.raises(ModeError, match="no mode jitt"):
        bench("1").prepare("jitt")
