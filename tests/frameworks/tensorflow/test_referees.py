"""Where two modes round differently: what is refused, and how far a nudge goes."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.protocol import NUDGE
from dlmagic.frameworks.tensorflow.adapter import TensorFlowFramework
from dlmagic.frameworks.tensorflow.state import save

framework = TensorFlowFramework()


@pytest.mark.parametrize("value", [tf.Variable([1.0]), tf.ones(2), tf.ones(2, tf.bfloat16)])
def test_a_type_is_not_widened(value):
    with pytest.raises(ModeUnavailable, match="no float64 referee"):
        framework.as_float64([save(value)])


@pytest.mark.parametrize("value", [tf.Variable([1]), tf.ones(2, tf.float64), tf.constant("a")])
def test_exact_values_need_no_referee(value):
    with framework.as_float64([save(value)]) as widen:
        assert widen(value) is value


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.float16, tf.bfloat16])
def test_a_variable_is_moved_in_place_by_a_few_rounding_errors(dtype):
    eps = {"float32": 2**-23, "float64": 2**-52, "float16": 2**-10, "bfloat16": 2**-7}[dtype.name]
    start = np.linspace(-3, 3, 101)
    w = tf.Variable(tf.cast(start, dtype))
    before = tf.cast(w, tf.float64).numpy()
    with framework.nudged([save(w)], seed=1):
        after = tf.cast(w, tf.float64).numpy()
    relative = np.abs(after - before)[before != 0] / np.abs(before[before != 0])
    assert relative.max() <= (NUDGE + 1) * eps
    assert (relative > 0).mean() > 0.5
    assert after[before == 0].tolist() == [0.0]
    assert w.dtype == dtype


def test_tensors_among_the_arguments_are_moved_and_nothing_else_is():
    x, n = tf.ones(50), tf.constant([1, 2])
    value = {"x": [x, "s"], "n": n}
    with framework.nudged([], seed=1) as move:
        moved = move(value)
        assert move(n) is n
        assert move("s") == "s"
    assert moved["n"] is n
    assert moved["x"][1] == "s"
    assert not np.array_equal(moved["x"][0], x)
    np.testing.assert_allclose(moved["x"][0], x, rtol=1e-6)


def test_the_same_seed_moves_alike_and_another_does_not():
    def moved(seed):
        with framework.nudged([], seed) as move:
            return move(tf.ones(9)).numpy().tolist()

    assert moved(1) == moved(1) != moved(2)
