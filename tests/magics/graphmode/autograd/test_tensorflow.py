"""Graphs of TensorFlow: gradients at every node against a tape of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dlmagic
from dlmagic.magics.graphmode.autograd.result import AutogradGraph, Statistics

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")


@tf.custom_gradient
def clipped(x: Any) -> Any:
    """Its own rule says something else than its derivative."""

    def slope(given: Any) -> Any:
        return tf.clip_by_value(given * x, -1.0, 1.0)

    return x**3, slope


@tf.function
def compiled(x: Any, w: Any) -> Any:
    return tf.exp(x @ w / 9)


def values(*shape: int, seed: int) -> Any:
    return tf.random.stateless_normal(shape, [seed, 0])


def weights() -> tuple[Any, Any, Any]:
    """A matrix, a vector and a number, new in every test."""
    matrix, vector = values(4, 4, seed=1), values(4, seed=2)
    return tf.Variable(matrix), tf.Variable(vector), tf.Variable(3.0)


X = values(3, 4, seed=3)
IMAGE = values(1, 5, 5, 4, seed=4)
KERAS = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, "tanh"),
                          keras.layers.Dense(1)])  # fmt: skip
TRAINS = keras.Sequential([keras.layers.Input((4,)), keras.layers.BatchNormalization(),
                           keras.layers.Dense(1, use_bias=False)])  # fmt: skip


class Tied(tf.Module):
    def __init__(self, w: Any) -> None:
        super().__init__()
        self.w = w

    def __call__(self, x: Any) -> Any:
        return tf.tanh(tf.tanh(x @ self.w) @ self.w)


def attended(w: Any) -> Any:
    scores = tf.nn.softmax(X @ w @ tf.transpose(X) / 2.0)
    return tf.reduce_sum((scores @ X) ** 2)


def cross_entropy(w: Any) -> Any:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant([0, 2, 1]), X @ w)


MODELS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "a product": lambda w, b, c: c * (c + b[0]),
    "a constant first": lambda w, b, c: 2.0 * c * tf.constant(3.0) + X[0, 0] * c,
    "a layer with bias": lambda w, b, c: tf.reduce_sum(X @ w + b),
    "shared weights": lambda w, b, c: tf.reduce_sum(Tied(w)(X)),
    "a residual": lambda w, b, c: tf.reduce_sum(X + tf.nn.relu(X @ w)),
    "a rule of its own": lambda w, b, c: tf.reduce_sum(clipped(b * 2)),
    "a cut": lambda w, b, c: tf.reduce_sum(b * tf.stop_gradient(b * c)),
    "whole numbers": lambda w, b, c: b[tf.argmax(b)] * tf.cast(tf.cast(c, tf.int32), tf.float32),
    "a choice": lambda w, b, c: tf.reduce_sum(tf.where(b > 0, b**2, tf.sin(b) * c)),
    "cross entropy": lambda w, b, c: tf.reduce_mean(cross_entropy(w)),
    "attention": lambda w, b, c: attended(w),
    "a graph inside": lambda w, b, c: tf.reduce_sum(compiled(X, w) * c),
    "rows of a table": lambda w, b, c: tf.reduce_sum(tf.gather(w, [0, 2, 0]) * b),
    "a convolution": lambda w, b, c: tf.reduce_sum(tf.nn.conv2d(IMAGE, w[None, None], 1, "SAME")),
    "pieces": lambda w, b, c: tf.reduce_sum(tf.split(b, 2)[0] * tf.unstack(w)[1][2:]),
    "a layer of Keras": lambda w, b, c: tf.reduce_mean(KERAS(X @ w) ** 2),
    "a layer that trains": lambda w, b, c: tf.reduce_mean(TRAINS(X * c, training=True) ** 2),
    "a complex number": lambda w, b, c: tf.reduce_sum(tf.abs(tf.signal.fft(tf.complex(b, b * c)))),
    "copies": lambda w, b, c: tf.identity(tf.identity(c) * c) + tf.identity(b)[1],
}
CELLS = {
    "as it is": "result = model(w, b, c)",
    "asked": "with tf.GradientTape() as t: result = model(w, b, c)\nt.gradient(result, [w, b, c])",
}


def drawn(text: str, **names: object) -> AutogradGraph:
    return dlmagic.autograd(text, namespace={"tf": tf, **names})


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_another_tape(name: str, cell: str) -> None:
    w, b, c = weights()
    with tf.GradientTape() as tape:
        result = MODELS[name](w, b, c)
    watched = {variable.ref(): variable for variable in tape.watched_variables()}
    reached = dict(zip(watched, tape.gradient(result, list(watched.values())), strict=True))
    graph = drawn(CELLS[cell], model=MODELS[name], w=w, b=b, c=c, keras=KERAS, trains=TRAINS)
    assert set(graph.leaves) == {
        called(watched[ref], w, b, c) for ref, gradient in reached.items() if gradient is not None
    }
    for ref, gradient in reached.items():
        if gradient is not None:
            same(graph[called(watched[ref], w, b, c)].gradient, tf.convert_to_tensor(gradient))
    same(graph.nodes[-1].value, result)
    order = [node.name for node in graph.nodes]
    assert all(order.index(start) < order.index(end) for start, end in graph.edges)
    assert not graph.notes


def called(variable: Any, w: Any, b: Any, c: Any) -> str:
    for name, each in {"w": w, "b": b, "c": c}.items():
        if variable is each:
            return name
    for name, model in {"keras": KERAS, "trains": TRAINS}.items():
        for layer in model.layers:
            for weight in layer.weights:
                if weight.value is variable:
                    return f"{name}.{layer.name}.{weight.name}"
    raise AssertionError(variable)


def same(found: Statistics | None, wanted: Any) -> None:
    assert found is not None
    if wanted.dtype.is_complex:
        return
    numbers = wanted.numpy()
    assert found.mean == pytest.approx(float(numbers.mean()), rel=1e-4, abs=1e-6)
    assert found.largest == pytest.approx(float(np.abs(numbers).max()), rel=1e-4, abs=1e-6)


STEPS = {
    "a product": ["h = c + b[0]", "k = c * h"],
    "shared weights": ["h = X @ w", "k = tf.tanh(h)", "m = k @ w", "n = tf.reduce_sum(m * m)"],
    "a cut": ["h = b * c", "k = tf.stop_gradient(h) * b + h", "m = tf.reduce_sum(k)"],
    "a graph": ["h = compiled(X, w)", "k = tf.reduce_max(h) * c"],
    "a rule": ["h = b * 2", "k = clipped(h)", "m = tf.reduce_prod(k)"],
    "a table": ["h = tf.gather(w, [1, 1])", "k = h * b", "m = tf.reduce_sum(k * k)"],
}


@pytest.mark.parametrize("name", STEPS)
def test_the_gradient_at_every_step_is_that_of_another_tape(name: str) -> None:
    """One line a step, so that the line tells which tensor of the test's a node is."""
    w, b, c = weights()
    names: dict[str, Any] = {
        "tf": tf, "w": w, "b": b, "c": c, "X": X, "clipped": clipped, "compiled": compiled,
    }  # fmt: skip
    here, variables = dict(names), [each.split(" =")[0] for each in STEPS[name]]
    with tf.GradientTape(persistent=True) as tape:
        exec("\n".join(STEPS[name]), here)
    graph = drawn("\n".join(STEPS[name]), **names)
    for line, variable in enumerate(variables, 1):
        nodes = [node for node in graph.nodes if node.line == line]
        assert nodes, "each line has made a step"
        same(nodes[-1].value, here[variable])
        same(nodes[-1].gradient, tape.gradient(here[variables[-1]], here[variable]))


def test_edges_are_those_along_which_the_tape_has_gradients() -> None:
    """Each step against its inputs: another tape that watches one tensor alone."""
    w, b, c = weights()
    graph = drawn("h = tf.tanh(X @ w + b)\ny = tf.reduce_sum(h * c + h)", X=X, w=w, b=b, c=c)
    assert set(graph.edges) == {
        ("w", "MatMul"), ("MatMul", "AddV2"), ("b", "AddV2"), ("AddV2", "Tanh"), ("Tanh", "Mul"),
        ("c", "Mul"), ("Mul", "AddV2#2"), ("Tanh", "AddV2#2"), ("AddV2#2", "Sum"),
    }  # fmt: skip


def test_there_are_twelve_models() -> None:
    assert len(MODELS) >= 12
