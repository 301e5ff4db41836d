"""A graph of TensorFlow in the form that all frameworks share."""

from __future__ import annotations

import pytest

tf = pytest.importorskip("tensorflow")

import dlmagic  # noqa: E402 - the framework first, as a user imports it


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
