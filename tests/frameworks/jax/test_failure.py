"""What jit cannot do is said in one sentence, with the cell's line."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from dlmagic.errors import StateError
from dlmagic.frameworks.jax.adapter import JaxFramework

BEFORE = "x = jnp.arange(3.0)\nn = jnp.array(2)\nhistory = []\nheld = {}\n"
BEFORE += "listed = [x, 2 * x]\n"
BEFORE += "table = np.ones(3, np.float32)\n"
CASES = {
    "if": ("y = x\nif x.sum() > 0:\n    y = -x", "jnp.where or jax.lax.cond", 2),
    "NumPy": ("y = 1\nz = np.sin(x)", "jax.numpy", 2),
    "range": ("\nfor i in range(n):\n    x = x + 1", "Python integer", 2),
    "a mask": ("y = x[x > 1]", "boolean mask", 1),
    "nonzero": ("y = jnp.nonzero(x)", "size=", 1),
    "float": ("y = 1\ny = float(x[0])", "float() reads", 2),
    "int": ("y = int(n)", "int() reads", 1),
    "item": ("y = x[0].item()", "item() reads", 1),
    "tolist": ("y = x.tolist()", "tolist() reads", 1),
    "a shape": ("y = jnp.zeros(n)", "Python number, such as x.shape[0]", 1),
    "a function of the cell": ("def f(a):\n    return float(a)\ny = f(n)", "float() reads", 2),
    "while": ("y = x[2]\nwhile y > 1:\n    y = y / 2", "use jax.lax.while_loop", 2),
    "assert": ("assert x.sum() > 0", "leave the check out", 1),
    "unique": ("y = jnp.unique(x)", "pass size=", 1),
    "a count": ("y = 1\ny = jnp.linspace(0, 1, n)", "'num' argument of jnp.linspace", 2),
    "a slice": ("y = x[:n]", "jax.lax.dynamic_slice", 1),
    "a text": ("y = x\nz = f'{x[0]:.2f}'", "jax.debug.print", 2),
    "an array of NumPy": ("y = 1\ntable[0] = 2.0", "x = jnp.asarray(x)", 2),
    "append": ("history.append(x.sum())", "The cell appends to history, which", None),
    "an item of a list": ("listed[0] = x", "changes listed in place", None),
    "an item less": ("listed.pop()", "changes listed in place", None),
    "a new first item": ("listed.insert(0, -x)", "changes listed in place", None),
    "a key of a dict": ("held['a'] = x", "changes held in place", None),
}


@pytest.mark.parametrize(("text", "reason", "line"), CASES.values(), ids=CASES.keys())
def test_the_reason_and_the_line(in_notebook, text, reason, line):
    said, where = in_notebook(BEFORE, text).failure("jit")
    assert reason in said
    assert "\n" not in said
    assert where == line


DRAWS = {
    "NumPy's": ("y = x + np.random.randn(3)", "from np.random, which"),
    "Python's": ("y = x * random.random()", "from random, which"),
    "a generator": ("y = x + rng.normal(size=3)", "from rng, which"),
    "an older generator": ("y = x + old.rand(3)", "from old, which"),
    "in a helper": ("y = noisy(x)", "from rng, which"),
}


@pytest.mark.parametrize(("text", "words"), DRAWS.values(), ids=DRAWS.keys())
def test_numbers_that_would_be_drawn_only_once_are_told(in_notebook, text, words):
    bench = in_notebook(
        "import random\nx = jnp.ones(3)\nrng = np.random.default_rng(0)\n"
        "old = np.random.RandomState(0)\ndef noisy(a):\n    return a + rng.normal()\n",
        text,
    )
    said, _ = bench.failure("jit")
    assert words in said
    assert said.endswith("use jax.random.")


def test_numbers_of_jax_are_drawn_in_every_call(in_notebook):
    before = "key = jax.random.key(0)\nrng = np.random.default_rng(0)\nn = rng.normal()"
    bench = in_notebook(before, "y = jax.random.normal(key) + n\nrng")
    assert jnp.allclose(bench.jitted()["y"], bench.outputs()["y"])


def test_no_reason_names_a_function_of_dlmagic(in_notebook):
    said, line = in_notebook(BEFORE, "y = 1\nx.copy_to_host_async()").failure("jit")
    assert "_trace" not in said
    assert "program.py" not in said
    assert "copy_to_host_async" in said
    assert line == 2


def test_writing_to_an_array_is_explained(in_notebook):
    said, line = in_notebook(BEFORE, "y = 1\nx[0] = 1").failure("eager")
    assert "x.at[index].set(value)" in said
    assert line == 2


def test_an_object_that_gets_a_traced_attribute_is_named(in_notebook):
    bench = in_notebook(
        BEFORE + "class Trainer:\n    pass\ntrainer = Trainer()\ntrainer.loss = 0.0\n",
        "trainer.loss = x.sum()",
    )
    said, _ = bench.failure("jit")
    assert "trainer.loss" in said
    assert bench.cell.namespace["trainer"].loss == 0.0


def test_an_object_with_arrays_that_is_changed_is_named(in_notebook):
    bench = in_notebook(
        BEFORE + "class Trainer:\n    pass\ntrainer = Trainer()\ntrainer.w = x\n"
        "def step():\n    trainer.w = trainer.w - 1\n",
        "step()",
    )
    w = bench.cell.namespace["trainer"].w
    said, _ = bench.failure("jit")
    assert "the attributes of trainer in place" in said
    assert bench.cell.namespace["trainer"].w is w


def test_a_list_of_arrays_that_a_helper_lengthens_is_named(in_notebook):
    before = BEFORE + "history.append(x)\ndef note(a):\n    history.append(a)\n"
    bench = in_notebook(before, "note(x.sum())")
    said, _ = bench.failure("jit")
    assert "appends to history" in said
    assert len(bench.cell.namespace["history"]) == 1


def test_a_helper_that_fills_a_list_is_named(in_notebook):
    bench = in_notebook(BEFORE + "def note(a):\n    history.append(a)\n", "note(x.sum())")
    said, _ = bench.failure("jit")
    assert "puts what it computes into history, which" in said
    assert bench.cell.namespace["history"] == []


def test_a_list_of_the_cells_own_may_be_appended_to_as_is_advised(in_notebook):
    said, _ = in_notebook(BEFORE, "history.append(x.sum())").failure("jit")
    assert "append to a list that is made in the cell" in said
    bench = in_notebook(BEFORE, "mine = []\nfor k in range(3):\n    mine.append(k * x.sum())")
    assert bench.jitted()["mine"] == [0, 3, 6]


def test_a_module_of_nnx_that_is_trained_is_named_and_put_back(in_notebook):
    bench = in_notebook(
        "model = nnx.Linear(2, 1, rngs=nnx.Rngs(0))\n"
        "optimiser = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)\n"
        "x = jnp.ones((3, 2))\n",
        "grads = nnx.grad(lambda m: (m(x) ** 2).mean())(model)\noptimiser.update(model, grads)",
    )
    model = bench.cell.namespace["model"]
    before = model.kernel[...]
    said, _ = bench.failure("jit")
    assert "nnx.jit around the step" in said
    assert model.kernel[...] is before


def test_a_tracer_left_behind_is_refused_before_anything_runs(in_notebook):
    before = "left = []\njax.jit(lambda a: left.append(a))(jnp.ones(2))\nran = []"
    with pytest.raises(StateError, match=r"left\[0\] is a tracer") as caught:
        in_notebook(before, "ran.append(1)\ny = left[0] + 1")
    assert "\n" not in str(caught.value)


def test_a_tracer_that_appears_later_is_explained():
    left = []
    jax.jit(left.append)(jnp.ones(2))
    with pytest.raises(jax.errors.UnexpectedTracerError) as caught:
        left[0] + 1
    assert "left behind" in JaxFramework().explain_failure(caught.value)[0]


def test_a_deleted_array_is_explained(in_notebook):
    bench = in_notebook("x = jnp.ones(3)\nx.delete()", "y = 1\ny = x + 1")
    assert bench.failure("eager")[0].endswith("(donate_argnums).")


def test_errors_of_others_are_left_to_themselves():
    assert JaxFramework().explain_failure(ValueError("no")) is None
