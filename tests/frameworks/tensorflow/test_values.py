"""What goes into a graph as an input, what comes out, and how values look to NumPy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from dlmagic.frameworks.tensorflow.arrays import as_array


class Pair(NamedTuple):
    first: object
    second: object


def constants(prepared):
    """The numbers that were built into a prepared graph, in all its functions."""
    (concrete,) = prepared.function.traced._list_all_concrete_functions()
    graph = concrete.graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    found = [tf.make_ndarray(node.attr["value"].tensor) for node in nodes if node.op == "Const"]
    return [number for array in found for number in np.asarray(array).ravel().tolist()]


PLACES = {
    "a tensor": ("y = x * 1.0", {}, tf.constant([7.5, 8.5])),
    "an array": ("y = x * 1.0", {}, np.array([7.5, 8.5], dtype=np.float32)),
    "in a dictionary": ("y = x['k'] * 1.0", {}, {"k": tf.constant([7.5, 8.5]), "n": 3}),
    "in a list": ("y = x[1] * 1.0", {}, ["text", np.array([7.5, 8.5], dtype=np.float32)]),
    "in a named tuple": ("y = x.second[0] * 1.0", {}, Pair(1, (tf.constant([7.5, 8.5]),))),
}


@pytest.mark.parametrize(("text", "more", "x"), PLACES.values(), ids=PLACES.keys())
def test_tensors_and_arrays_are_inputs_and_no_constants(bench, text, more, x):
    cell = bench(text, x=x, **more)
    prepared = cell.prepare("graph")
    assert cell.call(prepared)["y"].numpy().tolist() == [7.5, 8.5]
    assert not {7.5, 8.5} & set(constants(prepared))
    other = tf.nest.map_structure(lambda v: v if isinstance(v, int | str) else v * 2, x)
    assert cell.call(prepared, x=other)["y"].numpy().tolist() == [15.0, 17.0]
    assert prepared.function.traced.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("mode", ["graph", "xla"])
@pytest.mark.parametrize("kind", ["tf.constant([7.5, 8.5])", "np.array([7.5, 8.5], np.float32)"])
def test_what_helpers_read_is_an_input_and_no_constant(bench, kind, mode):
    before = f"hidden = {kind}\n\ndef helper(v):\n    return v + hidden"
    cell = bench("y = helper(x)", before, x=tf.ones(2))
    prepared = cell.prepare(mode)
    assert cell.call(prepared)["y"].numpy().tolist() == [8.5, 9.5]
    assert not {7.5, 8.5} & set(constants(prepared))
    hidden = cell.cell.namespace["hidden"]
    assert np.asarray(hidden).tolist() == [7.5, 8.5]  # no symbol is left behind


def test_what_a_closure_holds_is_an_input_and_comes_back(bench):
    before = (
        "def make(hidden):\n    def helper(v):\n        return v + hidden\n    return helper\n\n"
        "helper = make(tf.constant([7.5, 8.5]))"
    )
    cell = bench("y = helper(x)", before, x=tf.ones(2))
    prepared = cell.prepare("graph")
    assert cell.call(prepared)["y"].numpy().tolist() == [8.5, 9.5]
    assert not {7.5, 8.5} & set(constants(prepared))
    helper = cell.cell.namespace["helper"]
    assert helper.__closure__[0].cell_contents.numpy().tolist() == [7.5, 8.5]


def test_variables_are_read_by_reference(bench):
    w = tf.Variable([7.5, 8.5])
    cell = bench("y = w * 2", w=w)
    prepared = cell.prepare("graph")
    cell.call(prepared)
    w.assign([1.0, 2.0])
    assert cell.call(prepared)["y"].numpy().tolist() == [2.0, 4.0]


def test_python_numbers_stay_numbers_and_never_retrace(bench):
    cell = bench("y = x * n\nk = [0.0] * n\nkind = type(n).__name__", x=tf.ones(2), n=3)
    prepared = cell.prepare("graph")
    for _ in range(3):
        found = cell.call(prepared)
    assert (found["kind"], found["k"]) == ("int", [0.0, 0.0, 0.0])
    assert prepared.function.traced.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_outputs_keep_their_kinds(bench, mode):
    text = """
number, text, nothing = 3, "s", None
inside = {"a": x + 1, "b": [x * 2, 5, "t"], "c": (None, x)}
same_variable = w
ragged = tf.RaggedTensor.from_row_lengths(x, [1, 1])
kind = tf.Module
inside"""
    if mode == "xla":
        text = text.replace("ragged", "# ragged")
    w = tf.Variable(1.0)
    found = bench(text, x=tf.ones(2), w=w).in_mode(mode)
    assert (found["number"], found["text"], found["nothing"]) == (3, "s", None)
    assert found["inside"]["b"][1:] == [5, "t"]
    assert found["inside"]["a"].numpy().tolist() == [2.0, 2.0]
    assert found["inside"]["c"][0] is None
    assert found["same_variable"] is w
    assert found["kind"] is tf.Module
    assert found[""]["b"][0].numpy().tolist() == [2.0, 2.0]
    if mode == "graph":
        assert found["ragged"].to_list() == [[1.0], [1.0]]


def test_containers_are_new_ones_in_every_call(bench):
    cell = bench("found = [x]", x=tf.ones(2))
    prepared = cell.prepare("graph")
    assert cell.call(prepared)["found"] is not cell.call(prepared)["found"]


VIEWS = {
    "float32": (tf.constant([1.5, 2.5]), "float32", [1.5, 2.5]),
    "variable": (tf.Variable([1.5, 2.5]), "float32", [1.5, 2.5]),
    "bfloat16": (tf.constant([1.5, 2.5], tf.bfloat16), "bfloat16", [1.5, 2.5]),
    "scalar": (tf.constant(3), "int32", 3),
    "bool": (tf.constant([True]), "bool", [True]),
    "text": (tf.constant(["ab", "c"]), "string", [b"ab", b"c"]),
    "complex": (tf.constant([1j], tf.complex64), "complex64", [1j]),
    "ragged": (tf.ragged.constant([[1, 2], [3]]), "int32", [[1, 2], [3, 0]]),
    "sparse": (tf.sparse.from_dense([[0, 4]]), "int32", [[0, 4]]),
    "int4": (tf.cast(tf.constant([-3]), tf.as_dtype("int4")), "int4", [-3]),
}


@pytest.mark.parametrize(("value", "dtype", "numbers"), VIEWS.values(), ids=VIEWS.keys())
def test_a_value_looks_like_an_array(value, dtype, numbers):
    view = as_array(value)
    assert (view.dtype, view.values.tolist(), view.device) == (dtype, numbers, "cpu")
    assert view.shape == np.shape(numbers)
    assert isinstance(view.values, np.ndarray)
    assert view.values.dtype.kind in "biufcS"


def test_slices_with_a_shape_look_dense():
    slices = tf.IndexedSlices(tf.constant([[5.0]]), tf.constant([1]), tf.constant([2, 1]))
    assert as_array(slices).values.tolist() == [[0.0], [5.0]]


def test_symbols_and_other_values_are_no_arrays():
    seen = []

    @tf.function
    def look(x):
        seen.append(as_array(x))
        return x

    look(tf.ones(2))
    assert seen == [None]
    dataset = tf.data.Dataset.range(3)
    assert [as_array(v) for v in (dataset, 3, "s", None, np.ones(2), tf.float32)] == [None] * 6
