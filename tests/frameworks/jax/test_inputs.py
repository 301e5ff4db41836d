"""Whatever array a cell reads is an input of its program, never a constant in it."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import pytest

from dlmagic.frameworks.jax.program import Program

LARGE = "big = jnp.arange(64.0) + 0.5\n"
WAYS = {
    "a parameter": ("", "y = big * 2"),
    "a container": ("held = {'a': [big, 3]}\n", "y = held['a'][0] * held['a'][1]"),
    "a global of a helper": ("def f():\n    return big * 2\n", "y = f()"),
    "a global of a helper's helper": (
        "def g():\n    return big\ndef f():\n    return g() * 2\n",
        "y = f()",
    ),
    "a closure": (
        "def make(held):\n    def f():\n        return held * 2\n    return f\nf = make(big)\n",
        "y = f()",
    ),
    "a helper in a partial": (
        "import functools\ndef f(a):\n    return a * big\nh = functools.partial(f, 2)\n",
        "y = h()",
    ),
    "a bound array of a partial": (
        "import functools\ndef f(a, b):\n    return a * b\nh = functools.partial(f, big)\n",
        "y = h(2)",
    ),
    "a gradient made before": (
        "def f(a):\n    return (a * big).sum()\ng = jax.grad(f)\n",
        "y = g(2.0) * big",
    ),
    "a helper's container": (
        "held = {'a': big}\ndef f():\n    return held['a'] * 2\n",
        "y = f()",
    ),
    "an attribute": (
        (
            "class Model:\n    pass\nmodel = Model()\nmodel.inner = Model()\n"
            "model.inner.w = {'a': [big]}\n"
        ),
        "y = model.inner.w['a'][0] * 2",
    ),
    "an attribute that a method reads": (
        (
            "class Model:\n    def __init__(self):\n        self.w = big\n"
            "    def double(self):\n        return self.w * 2\n"
            "double = Model().double\n"
        ),
        "y = double()",
    ),
    "a NumPy array": ("flat = np.arange(64.0) + 0.5\n", "y = jnp.asarray(flat) * 2"),
}


@pytest.mark.parametrize(("before", "text"), WAYS.values(), ids=WAYS.keys())
def test_an_array_is_an_input(in_notebook, before, text):
    bench = in_notebook(LARGE + before, text)
    program = bench.prepare("jit").function
    assert isinstance(program, Program)
    lowered = program.lowered(bench.cell.arguments()).as_text()
    assert not re.search(r"constant dense<\"|constant dense<\[", lowered)
    assert re.search(r"%arg0: tensor<64x", lowered)
    assert jnp.allclose(bench.jitted()["y"], bench.outputs()["y"])


def test_an_array_that_becomes_a_constant_is_told(in_notebook):
    """A method reads a global: the class stays as it is."""
    before = LARGE.replace("64", "400") + "class Model:\n    def double(self):\n"
    bench = in_notebook(before + "        return big * 2\nmodel = Model()", "y = model.double()")
    prepared = bench.prepare("jit")
    (finding,) = prepared.findings
    assert (finding.kind, finding.level) == ("constants", "warning")
    assert "1.6 kB" in finding.message
    lowered = prepared.function.lowered(bench.cell.arguments()).as_text()
    assert "constant dense<" in lowered


def test_numbers_of_numpy_that_become_less_exact_are_told(in_notebook):
    bench = in_notebook("data = np.ones(4)\nsmall = np.ones(4, np.float32)", "y = data @ small")
    (finding,) = bench.prepare("jit").findings
    assert finding.kind == "narrowed"
    assert "float64 of NumPy in data is float32" in finding.message
    jax.config.update("jax_enable_x64", True)
    try:
        assert bench.prepare("jit").findings == ()
    finally:
        jax.config.update("jax_enable_x64", False)


def test_a_function_that_the_user_jitted_keeps_no_tracer(in_notebook):
    """It reads the same global as the cell's helper, and remembers what it reads."""
    bench = in_notebook(
        "w = jnp.ones(4)\n"
        "def f(a):\n    return (a * w).sum()\n"
        "fast = jax.jit(f)\n"
        "def helper(a):\n    return fast(a) + f(a) + jax.jit(f)(a)\n"
        "x = jnp.ones(4)",
        "y = helper(x)\nz = jax.lax.scan(lambda c, r: (c + f(r), c), 0.0, x)[0]",
    )
    wanted = bench.outputs()
    bench.cell.namespace["fast"].clear_cache()
    found = bench.jitted()
    again = bench.outputs()  # eagerly, from what is remembered by now
    assert float(found["y"]) == float(wanted["y"]) == float(again["y"]) == 12.0
    assert float(found["z"]) == float(again["z"])
    assert float(bench.cell.namespace["fast"](jnp.ones(4))) == 4.0


def test_the_notebook_is_not_touched_while_tracing(in_notebook):
    bench = in_notebook(
        "seen = []\nw = jnp.ones(4)\ndef f():\n    seen.append(w)\n    return w * 2",
        "y = f()",
    )
    names = dict(bench.cell.namespace)
    with pytest.raises(Exception, match="seen"):
        bench.jitted()
    assert {n: id(v) for n, v in names.items()} == {
        n: id(v) for n, v in bench.cell.namespace.items()
    }
