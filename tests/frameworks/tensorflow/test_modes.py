"""The modes on real TensorFlow: what runs, what comes out, what is undone."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlmagic.errors import ModeError, ModeUnavailable
from dlmagic.frameworks.tensorflow.adapter import MODES

WEIGHTS = "w = tf.Variable([[1.0], [2.0]])"
STEP = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ w - 1.0) ** 2)
gradient = tape.gradient(loss, w)
w.assign_sub(0.1 * gradient)
loss"""
LOOP = """
for x, y in data:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w - y) ** 2)
    gradient = tape.gradient(loss, w)
    w.assign_sub(0.1 * gradient)
loss"""


def data(size=10, batch=4):
    x = np.random.default_rng(0).normal(size=(size, 2)).astype(np.float32)
    return tf.data.Dataset.from_tensor_slices((x, x[:, :1])).batch(batch)


def test_the_reference_is_first_and_eager_and_graph_are_the_default():
    assert [mode.name for mode in MODES if mode.default] == ["eager", "graph"]
    assert MODES[0].name == "eager"


def test_an_unknown_mode_offers_the_nearest(bench):
    with pytest.raises(ModeError, match="Did you mean graph"):
        bench("y = 1").prepare("grahp")


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
def test_a_training_step_does_the_same_in_every_mode(bench, mode):
    cell = bench(STEP, WEIGHTS, x=tf.constant([[1.0, 2.0], [3.0, 4.0]]))
    w = cell.cell.namespace["w"]
    reference = cell.cell.split(cell.run())[0]
    trained = w.numpy()
    cell.snapshot.restore()
    prepared = cell.prepare(mode)
    for _ in range(2):
        found = cell.call(prepared)
        np.testing.assert_allclose(w.numpy(), trained, rtol=1e-5)
        np.testing.assert_allclose(found["loss"], reference["loss"], rtol=1e-5)
        np.testing.assert_allclose(found["gradient"], reference["gradient"], rtol=1e-5)
        cell.snapshot.restore()
        assert w.numpy().tolist() == [[1.0], [2.0]]


def test_a_loop_over_a_data_set_runs_in_a_graph_with_all_that_it_makes(bench):
    cell = bench(LOOP, WEIGHTS, data=data())
    reference = cell.cell.split(cell.run())[0]
    cell.snapshot.restore()
    found = cell.in_mode("graph")
    assert found.keys() == {*reference, ""}
    assert found["x"].shape == (2, 2)  # the last batch, which is smaller
    for name in ("x", "y", "loss", "gradient"):
        np.testing.assert_allclose(found[name], reference[name], rtol=1e-5)
    assert isinstance(found["tape"], tf.GradientTape)


def test_a_loop_that_counts_gets_a_number_of_the_loops_own_type(bench):
    cell = bench("for step, (x, y) in enumerate(data):\n    last = step * 2\nlast", data=data())
    found = cell.in_mode("graph")
    assert int(found["last"]) == 4
    assert int(found["step"]) == 2


def test_a_branch_on_a_tensor_becomes_a_part_of_the_graph(bench):
    cell = bench("if tf.reduce_sum(x) > 0:\n    y = x * 2\nelse:\n    y = x", x=tf.ones(2))
    prepared = cell.prepare("graph")
    assert cell.call(prepared)["y"].numpy().tolist() == [2.0, 2.0]
    assert cell.call(prepared, x=-tf.ones(2))["y"].numpy().tolist() == [-1.0, -1.0]
    assert prepared.function.traced.experimental_get_tracing_count() == 1


def test_a_name_that_only_one_branch_makes_runs_in_a_graph(bench):
    cell = bench("if tf.reduce_sum(x) > 0:\n    y = x * 2", x=tf.ones(2))
    assert cell.in_mode("graph")["y"].numpy().tolist() == [2.0, 2.0]


def test_a_name_that_no_branch_made_has_no_value(bench):
    cell = bench("z = x + 1\nif tf.reduce_sum(x) < 0:\n    y = x * 2", x=tf.ones(2))
    assert cell.in_mode("graph").keys() == {"z", ""}


def test_a_while_loop_over_a_tensor_runs_in_a_graph(bench):
    cell = bench("n = start\nwhile n < 5:\n    n = n + 1\nn", start=tf.constant(0))
    assert int(cell.in_mode("graph")[""]) == 5


def test_helpers_and_compiled_functions_of_the_user_run_in_a_graph(bench):
    before = "def half(v):\n    return v / 2\n\n@tf.function\ndef twice(v):\n    return v * 2"
    cell = bench("y = twice(half(x)) + 1", before, x=tf.ones(2))
    assert cell.in_mode("graph")["y"].numpy().tolist() == [2.0, 2.0]


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_a_keras_model_and_optimiser_train_in_a_graph(bench, mode):
    model = keras.Sequential(
        [keras.layers.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    )
    optimiser = keras.optimizers.SGD(0.1)
    optimiser.build(model.trainable_variables)
    text = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - 1.0) ** 2)
gradients = tape.gradient(loss, model.trainable_variables)
optimiser.apply_gradients(zip(gradients, model.trainable_variables))
loss"""
    cell = bench(text, x=tf.ones((3, 2)), model=model, optimiser=optimiser)
    start = [v.numpy() for v in model.variables]
    prepared = cell.prepare(mode)
    losses = [float(cell.call(prepared)[""]) for _ in range(3)]
    assert losses[2] < losses[0]
    cell.snapshot.restore()
    assert all(map(np.array_equal, start, [v.numpy() for v in model.variables]))


def test_eager_is_eager_even_for_the_users_compiled_functions(bench):
    before = "@tf.function\ndef f(v):\n    seen.append(tf.executing_eagerly())\n    return v"
    seen = []
    cell = bench("y = f(x)", before, x=tf.ones(2), seen=seen)
    cell.call(cell.prepare("eager"))
    assert seen == [True]
    cell.call(cell.prepare("graph"))
    assert seen == [True, False]
    cell.snapshot.restore()


@pytest.mark.parametrize("users", [True, False])
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_the_users_own_setting_is_put_back(bench, users, mode):
    tf.config.run_functions_eagerly(users)
    try:
        cell = bench("y = x + 1", x=tf.ones(2))
        prepared = cell.prepare(mode)
        with prepared.active():
            assert tf.config.functions_run_eagerly() == (mode == "eager")
        assert tf.config.functions_run_eagerly() == users
        with pytest.raises(ZeroDivisionError), prepared.active():
            raise ZeroDivisionError
        assert tf.config.functions_run_eagerly() == users
        assert isinstance(cell.call(prepared)["y"], tf.Tensor)
    finally:
        tf.config.run_functions_eagerly(False)


def test_graph_is_a_graph_even_where_the_user_runs_functions_eagerly(bench):
    tf.config.run_functions_eagerly(True)
    try:
        cell = bench("graph = not tf.executing_eagerly()", x=tf.ones(2))
        assert cell.in_mode("graph")["graph"] is True
    finally:
        tf.config.run_functions_eagerly(False)


def test_a_cell_that_cannot_have_source_says_why(bench):
    cell = bench("y = x + 1\nexec('z = 2')", x=tf.ones(2))
    with pytest.raises(ModeUnavailable, match="reads names by text"):
        cell.prepare("graph")


def test_every_prepare_makes_a_graph_of_its_own(bench):
    cell = bench("y = x + 1", x=tf.ones(2))
    first, second = cell.prepare("graph"), cell.prepare("graph")
    cell.call(first)
    assert first.function.traced.experimental_get_tracing_count() == 1
    assert second.function.traced.experimental_get_tracing_count() == 0
    cell.call(second)
    cell.call(second)
    assert second.function.traced.experimental_get_tracing_count() == 1


def test_xla_really_compiles(bench):
    cell = bench("y = x * 2 + 1", x=tf.ones(2))
    prepared = cell.prepare("xla")
    cell.call(prepared)
    text = prepared.function.traced.experimental_get_compiler_ir(tf.ones(2))("hlo")
    assert "multiply" in text
