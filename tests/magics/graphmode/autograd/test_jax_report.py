"""What a graph of JAX says, and that a cell leaves what a plain run leaves."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import pytest

import dlmagic
from dlmagic.errors import InputError
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.autograd_recorder import Recorder
from dlmagic.magics.graphmode.autograd.result import AutogradGraph


def drawn(text: str, **names: object) -> AutogradGraph:
    return dlmagic.autograd(text, namespace={"jax": jax, "jnp": jnp, **names})


def number(value: float) -> jax.Array:
    return jnp.float32(value)


def values(graph: AutogradGraph) -> dict[str, tuple[str, str]]:
    return {
        node.name: (
            node.value.values if node.value else "",
            node.gradient.values if node.gradient else "",
        )
        for node in graph.nodes
    }


LECTURE = {"a": ("2", "7"), "b": ("3", "2"), "add": ("5", "2"), "multiply": ("10", "1")}


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("a = jnp.float32(2.)\nb = jnp.float32(3.)\nf = a * (a + b)\nf", "f"),
        ("def f(a, b):\n    return a * (a + b)\njax.grad(f, argnums=(0, 1))(2.0, 3.0)", "f(…)"),
        (
            "f = lambda a, b: a * (a + b)\nvalue, g = jax.value_and_grad(f, (0, 1))(2.0, 3.0)",
            "value",
        ),
        ("f = lambda a, b: a * (a + b)\nvalue, pull = jax.vjp(f, 2.0, 3.0)\npull(1.0)", "value"),
    ],
)
def test_the_example_of_every_lecture(text: str, target: str) -> None:
    graph = drawn(text)
    assert values(graph) == LECTURE
    assert graph.target == target
    assert graph.leaves == ("a", "b")
    assert set(graph.edges) == {
        ("a", "add"), ("b", "add"), ("a", "multiply"), ("add", "multiply"),
    }  # fmt: skip
    assert graph["multiply"].saved_bytes == 8
    assert "∂" in graph._repr_html_form() or "data:image/svg" in graph._repr_html_form()


def test_every_step_has_the_line_that_made_it() -> None:
    graph = drawn("y = x * 2\nz = jnp.exp(y)\nfor _ in range(2):\n    z = z + y\nz", x=number(1))
    lines = {node.name: node.line for node in graph.nodes if node.op != "leaf"}
    assert lines == {"multiply": 1, "exp": 2, "add": 4, "add#2": 4}


def test_the_gradient_at_every_step_is_that_of_what_follows() -> None:
    text = "h = x @ w\nh = jnp.tanh(h)\nloss = (h * h * h).sum()"
    x, w = jnp.ones((2, 2)) / 3, jnp.eye(2)
    graph = drawn(text, x=x, w=w)
    hidden = jnp.tanh(x @ w)
    wanted = jax.grad(lambda h: (h * h * h).sum())(hidden)
    before = jax.grad(lambda h: (jnp.tanh(h) ** 3).sum())(x @ w)
    assert graph["tanh"].gradient.mean == pytest.approx(float(wanted.mean()))  # type: ignore[union-attr]
    assert graph["matmul"].gradient.mean == pytest.approx(float(before.mean()))  # type: ignore[union-attr]
    assert graph["multiply"].gradient.mean == pytest.approx(float(hidden.mean()))  # type: ignore[union-attr]


def test_leaves_are_what_the_gradient_is_taken_by() -> None:
    params = {"w": jnp.ones(3), "b": number(0)}
    text = "loss = lambda p: (p['w'] * x + p['b']).sum()\nslope = jax.grad(loss)(params)"
    graph = drawn(text, params=params, x=jnp.arange(3.0))
    assert set(graph.leaves) == {"params['w']", "params['b']"}
    assert graph["params['w']"].gradient.values == "[0, 1, 2]"  # type: ignore[union-attr]
    assert graph["params['b']"].gradient.values == "3"  # type: ignore[union-attr]


def test_an_array_that_is_read_twice_over_is_one_leaf_of_the_function_alone() -> None:
    graph = drawn("slope = jax.grad(lambda w: (w * x).sum())(x)", x=jnp.array([1.0, 2.0]))
    assert graph["x"].gradient.values == "[1, 2]"  # type: ignore[union-attr]


def test_an_array_that_the_cell_rebinds_keeps_its_name() -> None:
    graph = drawn("w = w * 3\nw = w * w", w=number(2))
    assert values(graph) == {"w": ("2", "36"), "multiply": ("6", "12"), "multiply#2": ("36", "1")}


@pytest.mark.parametrize("kind", ["vjp", "jvp"])
@pytest.mark.parametrize("call", ["y = cube(x)", "y = jax.jit(cube)(x)", "jax.grad(cube)(x)"])
def test_an_own_rule_has_its_own_name(kind: str, call: str) -> None:
    head = f"@jax.custom_{kind}\ndef cube(x):\n    return x**3\n"
    rules = {
        "vjp": "cube.defvjp(lambda x: (x**3, x), lambda x, given: (given * 100,))\n",
        "jvp": "cube.defjvp(lambda p, t: (p[0]**3, t[0] * 100))\n",
    }
    graph = drawn(head + rules[kind] + call, x=number(2))
    assert graph["cube"].is_custom
    assert values(graph) == {"x": ("2", "100"), "cube": ("8", "1")}


@pytest.mark.parametrize(
    ("text", "line", "words", "slope"),
    [
        ("y = x * 2\nz = jax.lax.stop_gradient(y)\nw = x + z", 2, "stop_gradient() cuts", "1"),
        ("k = jnp.argmax(x * jnp.ones(2))\nw = x * k", 1, "argmax() gives whole numbers", "0"),
        ("k = x.astype(int)\nw = x * k", 1, "astype() gives whole numbers", "2"),
        (
            "def f(x):\n    k = jax.lax.stop_gradient(x)\n    return x * k\njax.grad(f)(x)",
            2,
            "stop_gradient() cuts",
            "2",
        ),
    ],
)
def test_a_cut_is_named_with_its_line(text: str, line: int, words: str, slope: str) -> None:
    graph = drawn(text, x=number(2))
    found = [each for each in graph.findings if each.kind == "graph-cut"]
    assert [(each.line, words in each.message) for each in found] == [(line, True)]
    assert graph["x"].gradient.values == slope  # type: ignore[union-attr]


def test_what_jax_cuts_inside_its_own_functions_is_not_told() -> None:
    assert not drawn("y = jax.nn.softmax(x * jnp.ones(2))[0]", x=number(2)).findings


def test_a_cell_without_graph_names_the_cut_or_says_what_to_do() -> None:
    with pytest.raises(InputError, match="Line 2: stop_gradient"):
        drawn("\ny = jax.lax.stop_gradient(x)", x=number(2))
    with pytest.raises(InputError, match="computed from a float array of JAX") as it:
        drawn("y = jnp.ones(2)", x=number(2))
    assert "\n" not in str(it.value)


def test_an_array_that_exists_says_that_there_is_no_graph() -> None:
    x = number(2) * 3
    with pytest.raises(InputError, match="x is an array of JAX, which keeps no graph") as caught:
        dlmagic.autograd(x)
    assert "%%autograd above the cell" in str(caught.value)


# The cell runs as in a plain run


def test_a_cell_runs_once_and_leaves_plain_arrays() -> None:
    text = (
        "seen.append(float(y := x * 2))\n"
        "if y > 1:\n    z = jax.jit(lambda v: v + 1)(y)\n"
        "slope = jax.grad(lambda v: v * v)(x)"
    )
    names: dict[str, Any] = {"jax": jax, "jnp": jnp, "x": number(3), "seen": []}
    dlmagic.autograd(text, namespace=names)
    assert names["seen"] == [6.0]
    assert (float(names["z"]), float(names["slope"])) == (7.0, 6.0)
    assert all(type(names[name]) is type(number(1)) for name in ("y", "z", "slope"))


def test_a_function_that_is_drawn_prints_once(capsys: Any) -> None:
    drawn("def f(x):\n    print('once')\n    return x * x\njax.grad(f)(x)", x=number(2))
    assert capsys.readouterr().out == "once\n"


def test_what_a_compiled_function_calls_back_is_called_once() -> None:
    seen: list[float] = []

    @jax.jit
    def step(x: jax.Array) -> jax.Array:
        jax.debug.callback(lambda value: seen.append(float(value)), x)
        return x * 2

    graph = drawn("y = step(x)", step=step, x=number(3))
    jax.effects_barrier()
    assert values(graph) == {"x": ("3", "2"), "mul": ("6", "1")}
    assert seen == [3.0]


def test_memory_that_was_handed_over_leaves_gradients_unknown() -> None:
    step = jax.jit(lambda x: x * 2, donate_argnums=0)
    graph = drawn("y = x * 3\ny = step(y)\ny", step=step, x=number(3))
    assert any("Gradients are not known" in note for note in graph.notes)
    assert graph.nodes[-1].value.values == "18"  # type: ignore[union-attr]


def test_a_compiled_function_is_not_traced_again() -> None:
    traced: list[int] = []

    @jax.jit
    def step(x: jax.Array) -> jax.Array:
        traced.append(1)
        return x * 2

    step(number(1))
    drawn("y = step(x)\ny = step(y)", step=step, x=number(1))
    step(number(1))
    assert len(traced) == 1


def test_modules_of_flax_change_in_a_cell_and_after_it() -> None:
    nnx = pytest.importorskip("flax.nnx")
    names: dict[str, Any] = {
        "nnx": nnx, "jnp": jnp, "norm": nnx.BatchNorm(2, rngs=nnx.Rngs(0)), "x": jnp.ones((3, 2)),
    }  # fmt: skip
    text = "made = nnx.BatchNorm(2, rngs=nnx.Rngs(0))\ny = (norm(x) + made(x)).sum()"
    graph = dlmagic.autograd(text, namespace=names)
    names["made"](names["x"])
    assert {"norm.scale", "norm.bias", "made.scale", "made.bias"} <= set(graph.leaves)


def test_a_function_that_can_be_called_once_only_says_what_to_do() -> None:
    nnx = pytest.importorskip("flax.nnx")
    model, x = nnx.Linear(2, 1, rngs=nnx.Rngs(0)), jnp.ones((3, 2))
    text = "def loss(m):\n    return (m(x) ** 2).sum()\n"
    names: dict[str, Any] = {"nnx": nnx, "model": model, "x": x}
    with pytest.raises(InputError, match="cannot be run once more") as caught:
        dlmagic.autograd(text + "value, slopes = nnx.value_and_grad(loss)(model)", namespace=names)
    assert "\n" not in str(caught.value)
    assert "slopes" in names, "the cell has run"
    assert set(drawn(text + "value = loss(model)", **names).leaves) == {
        "x", "model.kernel", "model.bias",
    }  # fmt: skip


def test_a_gradient_inside_a_compiled_function_warns_of_own_rules() -> None:
    text = "loss, slope = jax.jit(jax.value_and_grad(lambda v: v * v))(x)\nloss"
    graph = drawn(text, x=number(3))
    assert graph["x"].gradient.values == "6"  # type: ignore[union-attr]
    assert any("not by that rule" in note for note in graph.notes)
    assert not drawn("loss = jax.jit(lambda v: v * v)(x)", x=number(3)).notes


def test_a_jax_that_tells_nothing_says_so(monkeypatch: Any) -> None:
    monkeypatch.setattr(compat, "_recording_trace", lambda: None)
    with pytest.raises(InputError, match="does not tell which operations run"):
        drawn("y = x * 2", x=number(2))


@pytest.mark.parametrize("error", ["ZeroDivisionError", "KeyboardInterrupt"])
@pytest.mark.parametrize("where", ["x * x", "jax.grad(lambda v: v * v)(x)"])
def test_a_cell_that_stops_leaves_nothing_behind(error: str, where: str, monkeypatch: Any) -> None:
    made: list[Recorder] = []
    original, vjp = Recorder.__init__, jax.vjp

    def remember(self: Recorder) -> None:
        original(self)
        made.append(self)

    monkeypatch.setattr(Recorder, "__init__", remember)
    names: dict[str, Any] = {"jax": jax, "x": number(2)}
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt)):
        dlmagic.autograd(f"y = {where}\nraise {error}", namespace=names)
    before = len(made[0].operations)
    names["y"] * 3
    assert len(made[0].operations) == before
    assert jax.vjp is vjp


def test_a_training_loop_keeps_the_last_step_alone() -> None:
    text = (
        "for step in range(5):\n    value, slope = jax.value_and_grad(lambda v: v * v)(w)\n"
        "    w = w - 0.25 * slope"
    )
    graph = drawn(text, w=number(16))
    assert graph.target == "value"
    assert values(graph) == {"v": ("1", "2"), "multiply": ("1", "1")}


def test_it_is_kept_as_json() -> None:
    graph = drawn("f = a * a", a=number(2))
    assert AutogradGraph.from_json(graph.to_json()) == graph
