"""Operations counted by TensorFlow, against the formulas written out by hand."""

from __future__ import annotations

import pytest
import tensorflow as tf

BATCH, INPUT, HIDDEN, OUTPUT = 32, 64, 48, 10
EXACT = 1e-3


def counted(bench, text, *before, **names):
    made = bench(text, *before, **names)
    try:
        return made.framework.count_operations(made.cell, made.arguments, made.run_once)
    finally:
        made.snapshot.restore()


def test_a_matrix_product(bench):
    found = counted(bench, "y = a @ b", a=tf.ones((30, 40)), b=tf.ones((40, 50)))
    assert found.flops == pytest.approx(2 * 30 * 40 * 50, rel=EXACT)
    assert found.bytes_moved == 4 * (30 * 40 + 40 * 50 + 30 * 50)
    assert [(each.dtype, each.device) for each in found.operations] == [("float32", "CPU:0")]


def test_a_convolution_that_is_told_by_bytes(bench):
    """The shorter way into TensorFlow, which Keras takes, tells names as they are in C++."""
    names = {"x": tf.ones((4, 17, 17, 6)), "w": tf.ones((3, 3, 6, 12))}
    found = counted(bench, "y = tf.nn.convolution(x, w)", **names)
    assert found.flops == pytest.approx(2 * 4 * 15 * 15 * 12 * 6 * 3 * 3, rel=EXACT)


CONVOLUTION = """with tf.GradientTape() as tape:
    y = tf.nn.conv2d(x, w, {stride}, "{padding}")
{more}
"""


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["VALID", "SAME"])
def test_a_convolution_and_its_gradients(bench, stride, padding):
    x, w = tf.Variable(tf.ones((4, 17, 17, 6))), tf.Variable(tf.ones((3, 3, 6, 12)))
    forward = 2 * tf.size(tf.nn.conv2d(x, w, stride, padding)).numpy() * 6 * 3 * 3
    cell = CONVOLUTION.format(stride=stride, padding=padding, more="")
    assert counted(bench, cell, x=x, w=w).flops == pytest.approx(forward, rel=EXACT)
    more = "g = tape.gradient(y, [x, w])"
    cell = CONVOLUTION.format(stride=stride, padding=padding, more=more)
    assert counted(bench, cell, x=x, w=w).flops == pytest.approx(3 * forward, rel=EXACT)


def test_a_depthwise_convolution_and_its_gradients(bench):
    x, w = tf.Variable(tf.ones((4, 17, 17, 6))), tf.Variable(tf.ones((3, 3, 6, 2)))
    cell = """with tf.GradientTape() as tape:
    y = tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "VALID")
g = tape.gradient(y, [x, w])
"""
    forward = 2 * 4 * 15 * 15 * 12 * 3 * 3
    assert counted(bench, cell, x=x, w=w).flops == pytest.approx(3 * forward, rel=EXACT)


@pytest.mark.parametrize(
    "scores", ["tf.matmul(q, k, transpose_b=True)", "tf.einsum('...qd,...kd->...qk', q, k)"]
)
def test_attention(bench, scores):
    q, k, v = (tf.ones((2, 4, 24, 16)) for _ in range(3))
    found = counted(bench, f"y = tf.nn.softmax({scores}) @ v", q=q, k=k, v=v)
    assert found.flops == pytest.approx(2 * 2 * 4 * 24 * 24 * 16 * 2, rel=EXACT)


STEP = """with tf.GradientTape() as tape:
    loss = tf.reduce_mean(tf.square(tf.nn.relu(x @ first) @ second))
gradients = tape.gradient(loss, [first, second])
for w, g in zip([first, second], gradients):
    w.assign_sub(0.1 * g)
"""


def training_flops():
    """Forward; the gradient by each weight; that by the input of the second layer alone."""
    first, second = 2 * BATCH * INPUT * HIDDEN, 2 * BATCH * HIDDEN * OUTPUT
    return 2 * first + 3 * second


def test_a_training_step(bench):
    names = {
        "x": tf.ones((BATCH, INPUT)),
        "first": tf.Variable(tf.ones((INPUT, HIDDEN))),
        "second": tf.Variable(tf.ones((HIDDEN, OUTPUT))),
    }
    assert counted(bench, STEP, **names).flops == pytest.approx(training_flops(), rel=EXACT)


LOOP = """
@tf.function
def loop(a):
    s = a
    for _ in tf.range(7):
        if tf.reduce_sum(a) > 0:
            s = s @ a
    return s
loop(a)
"""


def test_functions_of_the_user_count_as_often_as_their_loops_run(bench):
    found = counted(bench, "y = loop(a)", LOOP, a=tf.ones((8, 8)))
    assert found.flops == 7 * 2 * 8**3
    assert not tf.config.functions_run_eagerly()


@pytest.mark.parametrize(
    ("cell", "formula"),
    [
        ("y = tf.linalg.matvec(a, v)", 2 * 6 * 8),
        ("y = tf.einsum('ij,kj->ik', a, a)", 2 * 6 * 6 * 8),
        ("y = tf.einsum('ij->j', a)", 0),
        ("y = tf.matmul(a, a, transpose_a=True)", 2 * 8 * 8 * 6),
        ("y = a + 1.0", 0),
    ],
)
def test_products_with_vectors_and_others(bench, cell, formula):
    assert counted(bench, cell, a=tf.ones((6, 8)), v=tf.ones(8)).flops == formula


def test_nothing_listens_afterwards(bench):
    from tensorflow.python.eager import context

    counted(bench, "y = a @ a", a=tf.ones((8, 8)))
    assert not context.context().op_callbacks
