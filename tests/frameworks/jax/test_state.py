"""What a cell does to values of JAX, Flax and optax is put back."""

from __future__ import annotations

import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from dlmagic.errors import StateError
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.state import SavedArray


def test_what_a_cell_makes_of_an_optax_state_is_gone_again(in_notebook):
    bench = in_notebook(
        "params = {'w': jnp.ones(3)}\noptimiser = optax.adam(0.1)\nstate = optimiser.init(params)\n"
        "class Run:\n    pass\nrun = Run()\nrun.state, run.steps = state, [0]",
        "updates, run.state = optimiser.update(params, run.state, params)\nrun.steps[0] += 1",
    )
    run = bench.cell.namespace["run"]
    before = run.state
    bench.run()
    assert run.state is not before
    assert bench.snapshot.changes()
    bench.snapshot.restore()
    assert run.state is before
    assert run.steps == [0]
    assert not bench.snapshot.changes()


class Net(nnx.Module):
    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(4, 8, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.last = nnx.Linear(8, 1, rngs=rngs)

    def __call__(self, x):
        return self.last(self.drop(nnx.relu(self.norm(self.first(x)))))


NNX_STEP = """
def loss(model):
    return (model(x) ** 2).mean()
value, grads = nnx.value_and_grad(loss)(model)
optimiser.update(model, grads)
value"""

NNX_JITTED = """
@nnx.jit
def step(model, optimiser, x):
    value, grads = nnx.value_and_grad(lambda m: (m(x) ** 2).mean())(model)
    optimiser.update(model, grads)
    return value
value = step(model, optimiser, x)"""


@pytest.mark.parametrize("text", [NNX_STEP, NNX_JITTED], ids=["eager", "nnx.jit"])
def test_a_training_step_of_nnx_is_undone_exactly(bench, text):
    model = Net(nnx.Rngs(0))
    optimiser = nnx.Optimizer(model, optax.adam(0.1), wrt=nnx.Param)
    made = bench(text, model=model, optimiser=optimiser, x=jnp.ones((5, 4)))
    before = [np.array(leaf) for leaf in numbers(model, optimiser)]
    variables = model.first.kernel, model.norm.mean
    first = made.outputs()["value"]
    assert not all(map(np.array_equal, before, numbers(model, optimiser)))
    made.snapshot.restore()
    assert all(map(np.array_equal, before, numbers(model, optimiser)))
    assert (model.first.kernel, model.norm.mean) == variables
    assert float(made.outputs()["value"]) == float(first)  # dropout draws the same again
    made.snapshot.restore()


def numbers(*modules):
    state = jax.tree_util.tree_leaves([nnx.state(module) for module in modules])
    return [
        jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf
        for leaf in state
    ]


@pytest.mark.alone
def test_an_optimiser_and_its_model_are_looked_at_quickly(bench):
    model = Net(nnx.Rngs(0))
    optimiser = nnx.Optimizer(model, optax.adam(0.1), wrt=nnx.Param)
    start = time.perf_counter()
    made = bench("model, optimiser", model=model, optimiser=optimiser)
    assert time.perf_counter() - start < 1
    paths = [item.path for item in made.snapshot.reached]
    assert any(path.startswith("model.first.kernel") for path in paths)


def test_flags_are_put_back(in_notebook):
    bench = in_notebook(
        "x = jnp.ones(3)",
        "jax.config.update('jax_enable_x64', True)\n"
        "jax.config.update('jax_debug_nans', True)\n"
        "jax.config.update('jax_default_matmul_precision', 'highest')\n"
        "jax.config.update('jax_default_device', jax.devices()[0])\n"
        "jax.config.update('jax_default_prng_impl', 'rbg')\n"
        "y = x * 2",
    )
    before = compat.flags()
    bench.run()
    assert jax.config.jax_enable_x64
    bench.snapshot.restore()
    assert compat.flags() == before


def test_jax_has_no_global_generator(bench):
    made = bench("y = jax.random.normal(jax.random.key(0))")
    made.run()
    assert not made.snapshot.draws_random_numbers()


DONATES = "step = jax.jit(lambda p: jax.tree_util.tree_map(lambda a: a + 1, p), donate_argnums=0)\n"
HIDDEN = "def advance(p):\n    return jax.jit(lambda a: a + 1, donate_argnums=0)(p)\n"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (DONATES, "new = step(w)"),
        ("", "new = jax.jit(lambda a: a + 1, donate_argnums=0)(w)"),
        (HIDDEN, "new = advance(w)"),
        ("step = jax.jit(lambda a: a + 1, donate_argnums=0).lower(w).compile()", "new = step(w)"),
        ("step = nnx.jit(lambda a: a + 1, donate_argnums=0)", "new = step(w)"),
    ],
    ids=["jitted before", "in the cell", "in a helper", "compiled ahead", "nnx.jit"],
)
def test_an_array_that_a_cell_deletes_comes_back_as_the_same_object(in_notebook, before, text):
    bench = in_notebook("w = jnp.arange(4.0)\n" + before, text)
    array = bench.cell.namespace["w"]
    with bench.snapshot.copying_first_writes():
        new = bench.outputs()["new"]
        assert array.is_deleted()
    # Through another array: JAX hands none over whose numbers Python has seen.
    assert (array + 0).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert bench.cell.namespace["w"] is array
    assert new.tolist() == [1.0, 2.0, 3.0, 4.0]
    for _ in range(2):  # ever again, from the one copy
        bench.run()
        assert array.is_deleted()
        assert bench.snapshot.changes()
        bench.snapshot.restore()
        assert (array * 2).tolist() == [0.0, 2.0, 4.0, 6.0]


def test_a_key_that_a_cell_deletes_comes_back(in_notebook):
    text = "new = jax.jit(lambda k: jax.random.split(k)[0], donate_argnums=0)(key)"
    bench = in_notebook("key = jax.random.key(4)", text)
    key = bench.cell.namespace["key"]
    with bench.snapshot.copying_first_writes():
        bench.run()
        assert key.is_deleted()
    assert jax.random.key_data(key).tolist() == [0, 4]


def test_nothing_is_copied_where_nothing_donates(in_notebook):
    bench = in_notebook("w = jnp.ones(4)\nf = jax.jit(lambda a: a + 1)", "y = f(w)")
    with bench.snapshot.copying_first_writes():
        bench.run()
    saved = [p for p in bench.snapshot.saved_by(bench.framework) if isinstance(p, SavedArray)]
    assert saved
    assert all(part.kept is None for part in saved)


def test_an_array_deleted_against_all_expectation_is_told(in_notebook):
    bench = in_notebook("w = jnp.ones(4)", "w.delete()")
    with bench.snapshot.copying_first_writes():
        bench.run()
    with pytest.raises(StateError, match="was deleted"):
        bench.snapshot.restore()


def test_without_a_way_back_such_a_cell_is_refused(in_notebook, monkeypatch):
    monkeypatch.setattr(compat, "can_put", lambda: False)
    with pytest.raises(StateError, match=r"may delete arrays .* at step\)") as caught:
        in_notebook("w = jnp.ones(4)\n" + DONATES, "w = step(w)")
    assert "\n" not in str(caught.value)


def test_every_mode_begins_with_fresh_copies(in_notebook):
    bench = in_notebook("params = {'w': jnp.ones(1000)}\n" + DONATES, "params = step(params)")
    with bench.snapshot.copying_first_writes():
        bench.run()
    for mode in ("eager", "jit"):
        prepared = bench.prepare(mode)
        (finding,) = prepared.findings
        assert (finding.kind, finding.level) == ("donated", "hint")
        assert "4 kB" in finding.message
        for _ in range(3):  # each call deletes, and the next begins alike
            assert float(bench.call(prepared)["params"]["w"][0]) == 2.0
        bench.snapshot.restore()
    assert float(bench.cell.namespace["params"]["w"][0]) == 1.0
