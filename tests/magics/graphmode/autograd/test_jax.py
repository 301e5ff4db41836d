"""Graphs of JAX: gradients against ``jax.grad``, steps against a walk over the jaxpr."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import dlmagic
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


@jax.custom_vjp
def clipped(x: jax.Array) -> jax.Array:
    """Its own rule says something else than its derivative."""
    return x**3


clipped.defvjp(lambda x: (x**3, x), lambda x, given: (jnp.clip(x * given, -1, 1),))


@jax.custom_jvp
def doubled(x: jax.Array) -> jax.Array:
    return x * 1.0


doubled.defjvp(lambda primals, tangents: (primals[0] * 1.0, tangents[0] * 2))


def normal_numbers(seed: int, *shape: int) -> np.ndarray:
    """Not by JAX, which would compile for that whenever tests are collected."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


W = normal_numbers(0, 4, 4)
X = normal_numbers(1, 3, 4)
B = normal_numbers(2, 4)
IMAGE = normal_numbers(3, 1, 5, 5, 2)
KERNEL = normal_numbers(4, 3, 3, 2, 2)
PARAMS = {"one": {"w": W, "b": B}, "two": [W.T, B * 2]}


def of_tree(params: Any, x: jax.Array) -> jax.Array:
    hidden = jnp.tanh(x @ params["one"]["w"] + params["one"]["b"])
    return (hidden @ params["two"][0] + params["two"][1]).mean()


def normalised(x: jax.Array, scale: jax.Array) -> jax.Array:
    centred = x - x.mean(-1, keepdims=True)
    return (scale * centred / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)).max()


def cross_entropy(x: jax.Array, w: jax.Array) -> jax.Array:
    chosen = jax.nn.log_softmax(x @ w)[jnp.arange(3), jnp.array([0, 2, 1])]
    return -chosen.mean()


def scanned(x: jax.Array, w: jax.Array) -> jax.Array:
    return jax.lax.scan(lambda h, row: (jnp.tanh(h @ w + row), h.sum()), x[0], x)[0].sum()


def convolved(x: jax.Array, kernel: jax.Array) -> jax.Array:
    layout = ("NHWC", "HWIO", "NHWC")
    found = jax.lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=layout)
    return jax.nn.relu(found).sum()


MODELS: dict[str, tuple[Callable[..., jax.Array], tuple[Any, ...]]] = {
    "a product": (lambda a, b: a * (a + b), (number(2), number(3))),
    "a layer with bias": (lambda x, w, b: (x @ w + b).sum(), (X, W, B)),
    "shared weights": (lambda x, w: jnp.tanh(jnp.tanh(x @ w) @ w).sum(), (X, W)),
    "a tree of parameters": (of_tree, (PARAMS, X)),
    "a residual": (lambda x, w: (x + jax.nn.gelu(x @ w)).sum(), (X, W)),
    "a rule of its own": (lambda x: clipped(x * 2).sum(), (B,)),
    "a forward rule of its own": (lambda x: (doubled(x) * x).sum(), (B,)),
    "a cut": (lambda x, y: (x * jax.lax.stop_gradient(x * y)).sum(), (B, B + 1)),
    "whole numbers": (lambda x: x[jnp.argmax(x)] * (x > 0).sum(), (B,)),
    "a choice": (lambda x: jnp.where(x > 0, x**2, jnp.sin(x)).sum(), (B,)),
    "cross entropy": (cross_entropy, (X, W)),
    "normalisation": (normalised, (X, B)),
    "a scan": (scanned, (X, W)),
    "a convolution": (convolved, (IMAGE, KERNEL)),
    "mapped": (lambda x, w: jax.vmap(lambda row: jnp.dot(row, w[0]))(x).prod(), (X, W)),
    "compiled inside": (lambda x, w: jax.jit(lambda y: jnp.exp(y @ w / 9))(x).sum(), (X, W)),
    "computed again": (lambda x, w: jax.checkpoint(lambda y: jnp.sin(y @ w))(x).sum(), (X, W)),
    "a branch": (lambda x: jax.lax.cond(x[0] > 0, jnp.sin, jnp.cos, x).sum(), (B,)),
    "pieces": (lambda x: (jnp.split(x, 2)[0] * x[2:]).sum() + x.at[1].set(3.0).sum(), (B,)),
    "an einsum": (lambda x, w: jnp.einsum("ij,kj->ik", x, w).std(), (X, W)),
    "a complex number": (lambda x: jnp.abs(jnp.fft.fft(x)).sum(), (B,)),
}


def model_of(name: str) -> tuple[Callable[..., jax.Array], tuple[Any, ...]]:
    """A model and its arguments, which are arrays of JAX."""
    model, arguments = MODELS[name]
    return model, jax.tree.map(jnp.asarray, arguments)


CELLS = {
    "as it is": "result = model({})",
    "compiled": "result = jax.jit(model)({})",
    "asked": "slopes = jax.grad(model, argnums=tuple(range({n})))({})",
    "asked with value": "result, slope = jax.value_and_grad(model)({})",
}


def leaves_of(arguments: tuple[Any, ...]) -> dict[str, jax.Array]:
    """The arrays of arguments called a, b, c, by the way that a user writes them."""
    return {
        f"{letter}{jax.tree_util.keystr(path)}": leaf
        for letter, argument in zip("abc", arguments, strict=False)
        for path, leaf in jax.tree_util.tree_flatten_with_path(argument)[0]
    }


SHORT = ("a product", "shared weights", "a tree of parameters", "a rule of its own", "a cut")
CASES = [
    *((name, "as it is") for name in MODELS),
    *((name, cell) for name in SHORT for cell in CELLS if cell != "as it is"),
]


@pytest.mark.parametrize(("name", "cell"), CASES)
def test_gradients_are_those_of_jax(name: str, cell: str) -> None:
    model, arguments = model_of(name)
    names = dict(zip("abc", arguments, strict=False))
    by = tuple(range(len(arguments)))[: 1 if cell == "asked with value" else None]
    graph = drawn(CELLS[cell].format(", ".join(names), n=len(names)), model=model, **names)
    wanted = leaves_of(jax.grad(model, argnums=by)(*arguments))
    for leaf in graph.leaves:
        gradient = graph[leaf].gradient
        assert gradient is not None
        assert gradient.mean == pytest.approx(float(wanted[leaf].mean()), rel=1e-4, abs=1e-6)
        assert gradient.largest == pytest.approx(float(jnp.abs(wanted[leaf]).max()), rel=1e-4)
    zero = {leaf for leaf, gradient in wanted.items() if not jnp.any(gradient)}
    assert set(wanted) - set(graph.leaves) <= zero, "what is no leaf gets no gradient"
    result = graph.nodes[-1]
    assert result.value is not None
    assert result.value.mean == pytest.approx(float(model(*arguments)), rel=1e-4)
    order = [node.name for node in graph.nodes]
    assert all(order.index(a) < order.index(b) for a, b in graph.edges)
    assert not graph.notes


FLAT = ("a product", "a layer with bias", "a tree of parameters", "a rule of its own", "a choice",
        "whole numbers", "cross entropy", "compiled inside", "a scan", "pieces")  # fmt: skip


@pytest.mark.parametrize("name", FLAT)
def test_steps_of_a_compiled_function_are_those_of_its_jaxpr(name: str) -> None:
    model, arguments = model_of(name)
    names = dict(zip("abc", arguments, strict=False))
    graph = drawn(CELLS["compiled"].format(", ".join(names)), model=model, **names)
    steps = Counter(node.op for node in graph.nodes if node.op != "leaf")
    assert steps == Counter(walked(jax.make_jaxpr(model)(*arguments).jaxpr))


def walked(jaxpr: Any) -> list[str]:
    """The equations that lie between a float input and the output, found from both ends."""
    equations = list(flat(jaxpr, {}))
    live = set(jaxpr.invars)
    for _, primitive, inputs, outputs in equations:
        if live & set(inputs) and primitive != "stop_gradient":
            live |= {each for each in outputs if jnp.issubdtype(each.aval.dtype, jnp.inexact)}
    wanted, found = {jaxpr.outvars[0]}, []
    for name, _, inputs, outputs in reversed(equations):
        if wanted & live & set(outputs):
            wanted |= set(inputs)
            found.append(name)
    return found


def flat(jaxpr: Any, same: dict[Any, Any]) -> Any:
    """All equations, with those of the test's own compiled functions in their place."""
    for equation in jaxpr.eqns:
        inputs = [same.get(each, each) for each in equation.invars if not hasattr(each, "val")]
        inner, name = equation.params.get("jaxpr"), equation.primitive.name
        if name in ("jit", "pjit") and "test_jax" in str(inner.jaxpr.debug_info.func_src_info):
            same.update(zip(inner.jaxpr.invars, inputs, strict=True))
            yield from flat(inner.jaxpr, same)
            outputs = zip(equation.outvars, inner.jaxpr.outvars, strict=True)
            same.update((there, same.get(here, here)) for there, here in outputs)
            continue
        called = equation.params.get("call_jaxpr")
        shown = called.jaxpr.debug_info.func_src_info.partition(" at ")[0] if called else name
        shown = equation.params["name"].lstrip("_") if name in ("jit", "pjit") else shown
        yield shown, name, inputs, list(equation.outvars)


def test_there_are_twelve_models() -> None:
    assert len(MODELS) >= 12
