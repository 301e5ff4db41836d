"""What is traced while a measurement runs is counted."""

from __future__ import annotations

import pytest
import tensorflow as tf

from dlmagic import bench as run_bench
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.adapter import TensorFlowFramework
from dlmagic.frameworks.tensorflow.counting import counting
from dlmagic.magics.bench.block import difference

framework = TensorFlowFramework()


def counted(act):
    before = dict(framework.events())
    with counting():
        act()
    return difference(before, framework.events())


def test_a_first_trace_is_a_compilation_and_a_further_one_a_recompilation():
    function = tf.function(lambda v: v + 1)
    assert counted(lambda: function(tf.ones(2))) == {"compile": 1}
    assert counted(lambda: function(tf.ones(2))) == {}
    assert counted(lambda: function(tf.ones(3))) == {"compile": 1, "recompile": 1}


def test_two_functions_of_one_name_are_two_functions():
    functions = [tf.function(lambda v: v + 1) for _ in range(3)]
    found = counted(lambda: [function(tf.ones(2)) for function in functions])
    assert found == {"compile": 3}


def test_a_method_is_traced_once_for_each_object():
    class Line(tf.Module):
        @tf.function
        def __call__(self, v):
            return v + 1

    first, second = Line(), Line()
    assert counted(lambda: (first(tf.ones(2)), second(tf.ones(2))))["compile"] == 2
    assert counted(lambda: first(tf.ones(3))) == {"compile": 1, "recompile": 1}


def test_python_numbers_retrace():
    @tf.function
    def f(n):
        return tf.ones(2) * n

    assert counted(lambda: [f(n) for n in range(4)]) == {"compile": 4, "recompile": 3}


def test_the_parts_of_one_graph_are_no_compilations():
    @tf.function
    def f(v):
        for _ in tf.range(3):
            v = v * 2 if tf.reduce_sum(v) > 0 else v
        return v

    def act():
        with tf.GradientTape() as tape:
            v = tf.ones(2)
            tape.watch(v)
            loss = tf.reduce_sum(f(v))
        tape.gradient(loss, v)

    assert counted(act) == {"compile": 1}


def test_counting_may_be_entered_twice_and_leaves_no_listener():
    listeners = compat.callbacks()
    before = list(listeners)
    with counting():
        with counting():
            assert len(listeners) == len(before) + 1
        function = tf.function(lambda v: v)
        count = framework.events()["compile"]
        function(tf.ones(2))
        assert framework.events()["compile"] == count + 1
    assert listeners == before
    tf.function(lambda v: v)(tf.ones(2))
    assert framework.events()["compile"] == count + 1


DRAWS = {
    "unseeded": "tf.random.normal([2])",
    "dropout": "tf.nn.dropout(tf.ones(4), 0.5)",
    "shuffle": "tf.random.shuffle(tf.range(9))",
    "stateless": "tf.random.stateless_uniform([2], (1, 2))",
    "generator": "generator.normal([2])",
    "categorical": "tf.random.categorical([[0.5, 0.5]], 3)",
}


@pytest.mark.parametrize("text", DRAWS.values(), ids=DRAWS.keys())
def test_every_draw_is_noticed_while_counting(bench, text):
    functions = compat.random_functions()
    cell = bench(text, generator=tf.random.Generator.from_seed(1))
    with counting():
        assert not cell.snapshot.draws_random_numbers()
        cell.run()
        assert cell.snapshot.draws_random_numbers()
        cell.snapshot.restore()
        assert not cell.snapshot.draws_random_numbers()
    assert compat.random_functions() == functions


def test_other_numbers_of_xla_are_no_error(notebook):
    result = run_bench(
        "tf.random.stateless_normal((3,), (1, 2))", namespace=notebook, modes=["graph", "xla"],
        time=0.2,
    )  # fmt: skip
    assert result["xla"].status == "ok"
    assert result["xla"].agrees is None
    assert "random numbers" in result["xla"].agreement


def test_a_cell_that_retraces_in_every_call_is_seen_while_it_is_timed(bench, notebook):
    # The clock, since random numbers are put back before each block: its floats were seen before.
    bench("0", "import time\n@tf.function\ndef f(n):\n    return tf.ones(2) * n")
    text = "y = f(time.perf_counter())"
    result = run_bench(text, namespace=notebook, modes=["eager", "plain"], time=0.3)
    told = {arm.name: [finding.message for finding in arm.findings] for arm in result.arms}
    assert any("ompiled" in message for message in told["plain"]), told
    assert not any("ompiled" in message for message in told["eager"]), told
