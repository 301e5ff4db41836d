"""A graph of TensorFlow in the form that all frameworks share."""

from __future__ import annotations

import pytest

tf = pytest.importorskip("tensorflow")

import dlmagic  # noqa: E402 - the framework first, as a user imports it
from dlmagic.frameworks.tensorflow.concrete_graphs import read_graph  # noqa: E402


def test_operations_have_shapes_lines_and_inputs_the_users_names() -> None:
    names = {"tf": tf, "x": tf.ones((4, 3)), "w": tf.Variable(tf.ones((3, 2)), name="weight")}
    report = dlmagic.graphmode("y = x @ w\nz = tf.nn.relu(y) + 1.0", namespace=names, mode="graph")
    (graph,) = report.graphs
    found = {node.op: node for node in graph.operations}
    assert {"MatMul", "Relu", "AddV2"} <= found.keys()
    assert (found["MatMul"].shape, found["MatMul"].dtype) == ((4, 2), "float32")
    assert [found[op].line for op in ("MatMul", "Relu", "AddV2")] == [1, 2, 2]
    assert "x" in {node.name for node in graph.nodes if node.op == "input"}
    assert report.check.agrees is True


def flops(text: str, **names: object) -> dict[str, int]:
    """Of each operation that counts, by its kind."""
    report = dlmagic.graphmode(text, namespace={"tf": tf, **names}, mode="graph")
    (graph,) = report.graphs
    return {node.op: node.flops for node in graph.operations if node.flops is not None}


def test_products_and_convolutions_count_and_nothing_else() -> None:
    image, kernel = tf.ones((2, 8, 8, 3)), tf.ones((3, 3, 3, 5))
    assert flops("y = tf.nn.relu(x @ x) + 1.0", x=tf.ones((4, 4))) == {"MatMul": 2 * 4**3}
    assert flops("y = tf.matmul(x, x, transpose_a=True)", x=tf.ones((3, 4))) == {
        "MatMul": 2 * 4 * 3 * 4
    }
    found = flops("y = tf.nn.conv2d(i, k, 1, 'VALID') * 2.0", i=image, k=kernel)
    assert found == {"Conv2D": 2 * (2 * 6 * 6 * 5) * (3 * 3 * 3)}
    assert flops("y = tf.einsum('ij->ji', x)", x=tf.ones((3, 4))) == {}


def test_a_function_of_the_users_counts_as_what_it_computes() -> None:
    twice = tf.function(lambda v: v @ v @ v)
    twice(tf.ones((4, 4)))  # rewriting it writes a file, which a cell is not checked for
    assert flops("y = twice(x) + 1.0", x=tf.ones((4, 4)), twice=twice) == {
        "PartitionedCall": 2 * 2 * 4**3
    }


def test_an_axis_of_open_length_is_not_counted() -> None:
    traced = tf.function(
        lambda v: v @ tf.ones((4, 2)), input_signature=[tf.TensorSpec((None, 4))]
    ).get_concrete_function()
    found = {node.operation: node.flops for node in read_graph(traced, [], "").nodes}
    assert found["MatMul"] is None


def test_what_is_needed_comes_first_also_in_the_gradient_of_a_loop() -> None:
    text = """
with tf.GradientTape() as tape:
    tape.watch(x)
    (y,) = tf.while_loop(lambda v: tf.reduce_sum(v) > 1.0, lambda v: (tf.tanh(v),), (x,))
    loss = tf.reduce_sum(y)
g = tape.gradient(loss, x)
"""
    report = dlmagic.graphmode(text, namespace={"tf": tf, "x": tf.ones(3)}, mode="graph")
    (graph,) = report.graphs
    known: set[str] = set()
    for node in graph.nodes:
        assert known.issuperset(node.inputs), node.name
        known.add(node.name)
    assert report.draw() is not None


def test_branches_of_autograph_are_operations() -> None:
    names = {"tf": tf, "x": tf.constant([1.0, 2.0])}
    text = "if tf.reduce_sum(x) > 0:\n    y = x + 1\nelse:\n    y = x - 1"
    report = dlmagic.graphmode(text, namespace=names, mode="graph")
    (graph,) = report.graphs
    assert any("If" in node.op for node in graph.operations)
    assert report.findings == ()


def test_a_model_of_keras_is_fitted_as_a_graph() -> None:
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    names = {"model": model, "x": tf.ones((8, 3)), "y": tf.ones((8, 1))}
    report = dlmagic.graphmode("h = model.fit(x, y, verbose=0)\nh.history['loss']", namespace=names)
    assert report.mode == "graph"
    assert report.check.agrees is True, report.check.reason
