"""What a graph cannot do is told in one sentence, at the line of the cell."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dlmagic import bench as run_bench
from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.tensorflow.adapter import TensorFlowFramework

X = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
IN_A_GRAPH = {
    "numbers": ("y = x + 1\nz = y.numpy()", 2, ".numpy() only outside of a graph"),
    "item": ("y = x + 1\nz = y[0, 0].item()", 2, ".item() only outside of a graph"),
    "NumPy": ("y = 1\nz = np.sum(x)", 2, "use the operation of TensorFlow"),
    "array's method": ("z = array.astype('float64')", 1, "has no attribute astype"),
    "comprehension": ("z = [row for row in x]", 1, "use a for loop"),
    "zip": ("y = 1\nfor a, b in zip(x, x):\n    y = a", 2, "use a for loop"),
    "assert": ("y = 1\nassert x[0, 0] > 0", 2, "decide on the value of a tensor"),
    "variable": ("y = 1\nv = tf.Variable(1.0)", 2, "make it in an earlier cell"),
    "variable in a helper": (
        "def f(v):\n    return tf.Variable(1.0) + v\n\ny = f(x)",
        2,
        "a variable, which a graph can make only once",
    ),
    "list in a loop": (
        "kept = []\nfor row in x:\n    kept.append(row * 2)\ntf.stack(kept)",
        3,
        "use a tf.TensorArray",
    ),
    "type in a loop": (
        "total = 0\nfor row in x:\n    total = tf.reduce_sum(row)\ntotal",
        2,
        "total is int32 before the loop and float32 after it",
    ),
    "shapes": ("y = 1\nz = x @ x", 2, "Dimensions must be equal, but are 2 and 3"),
    "two types": ("z = x + double", 1, "float32 meets float64"),
    "assignment": ("x[0, 0] = 1.0", 1, "cannot be written to"),
    "format": ("y = 1\nprint(f'{x[0, 0]:.2f}')", 2, "use tf.print"),
    "at run time": ("y = 1\ntf.debugging.assert_less(x, 0.0)", 2, "assertion failed"),
    "the user's own": ("y = 1\nraise KeyError('mine')", 2, "mine"),
}


@pytest.mark.parametrize(("text", "line", "said"), IN_A_GRAPH.values(), ids=IN_A_GRAPH.keys())
@pytest.mark.parametrize("magic", [False, True], ids=["no magic line", "magic line"])
def test_a_graph_that_cannot_be_made_is_explained_at_its_line(notebook, magic, text, line, said):
    notebook |= {"x": X, "array": np.ones(3), "double": np.ones(2)}
    source = CellSource.from_text("%%dlbench\n" * magic + text, magic=magic)
    cell = compile_cell(source, notebook)
    cell.define()
    arguments = dict(zip(cell.parameters, cell.arguments(), strict=True))
    framework = TensorFlowFramework()
    values = list(arguments.values())
    prepared = framework.prepare("graph", cell, arguments, lambda _: cell.function(*values))
    with pytest.raises(Exception) as caught, prepared.active():
        prepared.function(*values)
    reason, found = framework.explain_failure(caught.value, source.filename)
    assert found == line + magic
    assert said in reason
    assert "\n" not in reason
    assert len(reason) < 200
    assert "in user code" not in reason
    assert ".py" not in reason


UNDER_XLA = {
    "data set": ("y = x\nfor v in data:\n    z = v", 2, "a loop over a data set"),
    "print": ("y = x + 1\ntf.print(y)", 2, "text or printing"),
    "text": ("y = 1\nz = tf.strings.length(tf.strings.as_string(x))", 2, "text or printing"),
    "Python": ("z = tf.py_function(lambda v: v, [x], tf.float32)", 1, "in tf.py_function"),
}


@pytest.mark.parametrize(("text", "line", "said"), UNDER_XLA.values(), ids=UNDER_XLA.keys())
def test_what_xla_cannot_compile_is_named_with_its_line(bench, text, line, said):
    cell = bench(text, x=X, data=tf.data.Dataset.range(3))
    reason, found = cell.failure("xla")
    assert said in reason
    assert found == line
    assert cell.in_mode("graph")


def test_an_error_that_is_not_tensorflows_is_left_alone():
    explain = TensorFlowFramework().explain_failure
    assert explain(ValueError("mine"), "<cell>") is None


def test_without_a_file_name_the_line_stays_unknown(bench):
    cell = bench("y = x.numpy()", x=X)
    with pytest.raises(AttributeError) as caught:
        cell.in_mode("graph")
    assert cell.framework.explain_failure(caught.value)[1] is None


def test_an_iterator_that_runs_out_is_told(notebook):
    names = {**notebook, "it": iter(tf.data.Dataset.range(2))}
    result = run_bench("next(it)", namespace=names, time=0.2)
    for mode in ("eager", "graph"):
        assert result[mode].status == "failed"
        assert "make it in this cell" in result[mode].reason
    assert int(next(names["it"])) == 0  # wound back all the same


def test_a_whole_benchmark_shows_the_reason_and_goes_on(notebook):
    result = run_bench("y = x + 1\nz = y.numpy()", namespace={**notebook, "x": X}, time=0.2)
    assert result["eager"].status == "ok"
    assert result["graph"].status == "failed"
    assert result["graph"].line == 2
    assert "only outside of a graph" in result["graph"].reason
