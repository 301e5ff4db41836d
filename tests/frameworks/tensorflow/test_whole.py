"""Whole benchmarks of cells as people write them: all modes run, agree, and leave no trace."""

from __future__ import annotations

import gc
import itertools
import statistics
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlmagic import bench as run_bench
from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource

PREPARE = """
rng = np.random.default_rng(0)
x = tf.constant(rng.normal(size=(64, 8)), tf.float32)
y = tf.constant(rng.normal(size=(64, 1)), tf.float32)
array = rng.normal(size=(8, 8)).astype(np.float32)
w = tf.Variable(tf.ones((8, 1)))
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(24)
parts = {"x": x, "pair": [x, y]}

class Line(tf.Module):
    def __init__(self):
        self.w = tf.Variable(tf.ones((8, 1)))
        self.seen = {"calls": tf.Variable(0)}

    @tf.function
    def __call__(self, v):
        self.seen["calls"].assign_add(1)
        return v @ self.w

line = Line()

def loss_of(v, target):
    return tf.reduce_mean((v @ w - target) ** 2)

@tf.function
def step(v, target):
    with tf.GradientTape() as tape:
        loss = loss_of(v, target)
    w.assign_sub(0.1 * tape.gradient(loss, w))
    return loss
"""
CELLS = {
    "array of tensors": (
        "cells = tf.TensorArray(tf.float32, size=4)\nfor i in tf.range(4):\n"
        "    cells = cells.write(i, tf.reduce_sum(x[i]))\ncells.stack()"
    ),
    "matrices": "z = tf.linalg.matmul(x, x, transpose_a=True) @ array\nz",
    "helper": "loss = loss_of(x, y)",
    "own tf.function": "loss = step(x, y)\nloss",
    "module": "z = line(x)",
    "containers": "total = tf.reduce_sum(parts['x']) + tf.reduce_sum(parts['pair'][1])\n[total, 3]",
    "while": "n = tf.constant(0.0)\nwhile n < 5.0:\n    n += tf.reduce_sum(x) * 0.0 + 1.0\nn",
    "gradient": (
        "with tf.GradientTape() as tape:\n    loss = loss_of(x, y)\n"
        "w.assign_sub(0.1 * tape.gradient(loss, w))\nloss"
    ),
}
LOOPS = {
    "lists, dictionaries and texts": (
        "for batch in data.map(lambda v, t: {'v': v, 't': t}):\n"
        "    with tf.GradientTape() as tape:\n        loss = loss_of(batch['v'], batch['t'])\n"
        "    grads = tape.gradient(loss, [w, line.w])\n    said = 'done'\n"
        "    w.assign_sub(0.1 * grads[0])\nloss"
    ),
    "loop": "for v, target in data:\n    loss = step(v, target)\nloss",
    "epochs": (
        "for epoch in range(2):\n    for v, target in data:\n"
        "        with tf.GradientTape() as tape:\n            loss = loss_of(v, target)\n"
        "        w.assign_sub(0.1 * tape.gradient(loss, w))\nloss"
    ),
    "sum": "total = 0.0\nfor i, (v, _) in enumerate(data):\n    total += tf.reduce_sum(v)\ntotal",
}


@pytest.fixture
def prepared_notebook(notebook):
    compile_cell(CellSource.from_text(PREPARE), notebook).commit()
    return notebook


def numbers(notebook):
    variables = notebook["w"], notebook["line"].w, notebook["line"].seen["calls"]
    return [variable.numpy().tolist() for variable in variables]


@pytest.mark.parametrize("text", [*CELLS.values(), *LOOPS.values()], ids=[*CELLS, *LOOPS])
def test_all_modes_run_and_agree_and_nothing_is_left_behind(prepared_notebook, text):
    names, before = set(prepared_notebook), numbers(prepared_notebook)
    result = run_bench(text, namespace=prepared_notebook, modes=["eager", "graph", "xla"], time=0.3)
    modes = ["eager", "graph"] if text in LOOPS.values() else ["eager", "graph", "xla"]
    for mode in modes:
        assert (result[mode].status, result[mode].agrees) == ("ok", True), result[mode].agreement
    if text in LOOPS.values():
        assert "XLA cannot compile a loop over a data set" in result["xla"].reason
    assert numbers(prepared_notebook) == before
    assert set(prepared_notebook) == names


def test_a_keras_model_trained_by_hand_agrees_in_all_modes(notebook):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.layers.Input((8,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)]
    )
    names = {"model": model, "optimiser": keras.optimizers.Adam(0.01), "x": tf.ones((4, 8))}
    text = (
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_mean((model(x) - 1.0) ** 2)\n"
        "gradients = tape.gradient(loss, model.trainable_variables)\n"
        "optimiser.apply_gradients(zip(gradients, model.trainable_variables))\nloss"
    )
    before = [v.numpy() for v in model.variables]
    result = run_bench(
        text, namespace={**notebook, **names}, modes=["eager", "graph", "xla"], time=0.3
    )
    assert [result[mode].status for mode in ("eager", "graph", "xla")] == ["ok"] * 3
    assert result["graph"].agrees is not False, result["graph"].agreement
    assert result["xla"].agrees is not False, result["xla"].agreement
    assert all(map(np.array_equal, before, [v.numpy() for v in model.variables]))


def test_a_wrong_answer_of_a_graph_is_found(notebook):
    text = "y = 1 if tf.executing_eagerly() else 2\nx + y"
    result = run_bench(text, namespace={**notebook, "x": tf.ones(2)}, time=0.2)
    assert result["graph"].status == "ok"
    assert result["graph"].agrees is False


def test_a_list_that_a_graph_fills_only_once_is_found(notebook):
    names = {**notebook, "x": tf.ones(2), "seen": []}
    result = run_bench("seen.append(float(tf.reduce_sum(x)))", namespace=names, time=0.2)
    assert result["graph"].agrees is not True
    assert names["seen"] == []


TIMED = {
    "operations": (
        "z = x\nfor _ in range(60):\n    z = tf.nn.relu(z @ a)\nz",
        lambda x, a: operations(x, a),
    ),
    "training": (
        """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((x @ w - 1.0) ** 2)
g = tape.gradient(loss, w)
w.assign_sub(0.0 * g)
loss""",
        lambda x, w: training(x, w),
    ),
    "loop": (
        "total = tf.constant(0.0)\nfor v in data:\n    total += tf.reduce_sum(v @ a)\ntotal",
        lambda data, a: loop(data, a),
    ),
}


def operations(x, a):
    z = x
    for _ in range(60):
        z = tf.nn.relu(z @ a)
    return z


def training(x, w):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((x @ w - 1.0) ** 2)
    g = tape.gradient(loss, w)
    w.assign_sub(0.0 * g)
    return loss


def loop(data, a):
    total = tf.constant(0.0)
    for v in data:
        total += tf.reduce_sum(v @ a)
    return total


@pytest.mark.alone
@pytest.mark.parametrize("name", TIMED)
def test_the_times_are_those_of_a_loop_written_by_hand(bench, name):
    """Both are timed in alternation, so that another program on this machine slows both.

    The median of the ratios of neighbours forgives single disturbed blocks, and the best of
    three attempts a disturbance that lasts. 25 % is far above what the adapter may add (some
    microseconds per call, measured as 4 % at most), and far below what a mistake costs: a
    retrace, a mode that is not on, a device that is not waited for.
    """
    text, by_hand = TIMED[name]
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(64, 64)), tf.float32)
    a = tf.constant(rng.normal(size=(64, 64)) / 8, tf.float32)
    values = {
        "x": x,
        "a": a,
        "w": tf.Variable(a),
        "data": tf.data.Dataset.from_tensors(x).repeat(9),
    }
    cell = bench(text, **values)
    arguments = cell.cell.arguments()
    order = by_hand.__code__.co_varnames[: by_hand.__code__.co_argcount]
    given = [values[one] for one in order]
    traced = tf.function(by_hand)
    hands = {"eager": lambda: by_hand(*given), "graph": lambda: traced(*given)}
    for mode, hand in hands.items():
        prepared = cell.prepare(mode)

        def ours(prepared=prepared):
            return prepared.function(*arguments)

        with prepared.active():
            found = []
            while not any(0.8 < ratio < 1.25 for ratio in found) and len(found) < 3:
                found.append(statistics.median(ratios(ours, hand)))
        assert any(0.8 < ratio < 1.25 for ratio in found), (mode, found)


def ratios(ours, hand, rounds=15):
    """How our time compares with that of the loop by hand, once per pair of blocks."""
    calls = max(1, int(0.02 / block(hand, 5)))
    block(ours, 5)
    gc.collect()
    for number in range(rounds):
        pair = [ours, hand] if number % 2 else [hand, ours]
        times = {call: block(call, calls) for call in pair}
        yield times[ours] / times[hand]


def block(call, calls):
    """Seconds per call, the wait for the device included."""
    tf.test.experimental.sync_devices()
    start = time.perf_counter()
    for _ in itertools.repeat(None, calls):
        call()
    tf.test.experimental.sync_devices()
    return (time.perf_counter() - start) / calls


def test_other_attributes_of_an_object_that_counts_are_no_difference(prepared_notebook):
    class Counts:
        def __init__(self):
            self.calls, self.rate = 0, 0.5

    prepared_notebook["counts"] = Counts()
    cell = "counts.calls += 1\ny = x * counts.rate"
    result = run_bench(cell, namespace=prepared_notebook, modes=["eager"], time=0.02)
    assert result["eager"].agrees is True, result["eager"].agreement
