"""What TensorFlow computes is told, in names that rules know, and nothing stays behind."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import keras
import pytest
import tensorflow as tf

from dlmagic.frameworks.operations import Event, Operation, Step
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.operation_recorder import OperationRecorder

X = tf.reshape(tf.range(12.0), (3, 4))


def told_of(function: Any) -> list[Event]:
    events: list[Event] = []
    with OperationRecorder(__file__, events.append):
        function()
    return events


def names_of(events: list[Event]) -> list[str]:
    return [each.name for each in events if isinstance(each, Operation)]


def nothing_listens() -> bool:
    tape, kind = vars(tf.GradientTape), keras.optimizers.Optimizer
    plain = tape["gradient"].__module__.startswith("tensorflow")
    return plain and not hasattr(kind.apply, "__wrapped__") and not compat.context().op_callbacks


def test_operations_have_the_names_of_other_frameworks() -> None:
    def compute() -> None:
        y = tf.cast(X, tf.float64) / 2.0
        z = tf.nn.log_softmax(y - tf.reduce_mean(y))
        tf.where(z == z, z, 0.0) @ tf.transpose(z)

    found = names_of(told_of(compute))
    for name in ("to", "div", "mean", "sub", "log_softmax", "eq", "where", "transpose", "matmul"):
        assert name in found, found


def test_each_knows_its_line_its_operands_and_where_they_come_from() -> None:
    def compute() -> None:
        (X - 1.0) * 2.0

    first, second = told_of(compute)
    assert isinstance(second, Operation)
    assert isinstance(first, Operation)
    assert second.inputs[0] is first.output
    assert second.inputs[0].maker is not None
    assert second.inputs[0].maker.name == "sub"
    assert second.frame is not None
    assert second.frame.line == compute.__code__.co_firstlineno + 1
    assert (first.inputs[0].shape, first.inputs[0].dtype) == ((3, 4), "float32")


def test_what_a_tape_records_requires_a_gradient() -> None:
    trained, fixed = tf.Variable(1.0), tf.Variable(1.0, trainable=False)

    def compute() -> None:
        with tf.GradientTape():
            tf.exp(trained)
            tf.exp(fixed)
            tf.exp(tf.stop_gradient(trained))
        tf.exp(trained)

    exps = [each for each in told_of(compute) if isinstance(each, Operation) and each.name == "exp"]
    assert [each.inputs[0].requires_grad for each in exps] == [True, False, False, False]


def test_numbers_of_small_tensors_are_looked_at() -> None:
    def compute() -> None:
        tf.math.log(X)
        tf.exp(-X)
        tf.range(3)
        tf.zeros([400, 400])

    found = {each.name: each.is_finite for each in told_of(compute) if isinstance(each, Operation)}
    assert (found["log"], found["exp"], found["range"], found["fill"]) == (False, True, None, None)


def test_a_gradient_is_one_operation_and_a_step_is_one_event() -> None:
    weight = tf.Variable([1.0, 2.0])
    optimizer = keras.optimizers.Adam()

    def train() -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weight**2)
        optimizer.apply_gradients([(tape.gradient(loss, weight), weight)])

    events = told_of(train)
    assert names_of(events)[-2:] == ["sum", "backward"]
    last = events[-1]
    assert isinstance(last, Step)
    assert (last.parameters, last.with_gradient, last.frame is not None) == (1, 1, True)
    backward = events[-2]
    assert isinstance(backward, Operation)
    assert backward.inputs[0].maker is not None
    assert backward.inputs[0].maker.name == "sum"


def test_it_ends_after_four_steps_and_leaves_nothing() -> None:
    weight = tf.Variable([1.0, 2.0])
    optimizer = keras.optimizers.SGD()
    events: list[Event] = []
    with OperationRecorder(__file__, events.append) as recorder:
        for _ in range(6):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(weight**2)
            optimizer.apply([tape.gradient(loss, weight)], [weight])
        assert nothing_listens()
    assert (recorder.steps, recorder.complete) == (4, False)
    assert sum(isinstance(each, Step) for each in events) == 4
    assert names_of(events).count("backward") == 4


def test_the_same_numbers_come_out_and_an_error_leaves_nothing() -> None:
    def train() -> list[float]:
        weight = tf.Variable([1.0, 2.0])
        optimizer = keras.optimizers.Adam(0.1)
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tf.sin(weight) * X[0, :2])
            optimizer.apply_gradients([(tape.gradient(loss, weight), weight)])
        return weight.numpy().tolist()

    with OperationRecorder(__file__, lambda _event: None):
        watched = train()
    assert watched == train()
    with pytest.raises(ZeroDivisionError), OperationRecorder(__file__, lambda _event: None):
        1 / 0  # noqa: B018
    assert nothing_listens()


def test_a_graph_is_one_operation_and_is_not_traced_again() -> None:
    traced = []

    @tf.function
    def double(x: Any) -> Any:
        traced.append(x)
        return x * 2

    double(X)
    assert names_of(told_of(lambda: double(X))) == ["double"]
    double(X)
    assert len(traced) == 1


def test_a_gradient_that_fails_does_not_end_the_hearing() -> None:
    def compute() -> None:
        with tf.GradientTape() as tape:
            y = X * 2
        tape.gradient(y, X)
        with pytest.raises(RuntimeError, match="can only be used"):
            tape.gradient(y, X)
        with tf.GradientTape():
            tf.exp(X)

    assert "exp" in names_of(told_of(compute))


def test_no_tensor_is_kept_alive() -> None:
    with OperationRecorder(__file__, lambda _event: None):
        result = tf.exp(X)
        gone = weakref.ref(result)
        del result
        gc.collect()
        assert gone() is None


def test_cross_entropies_of_several_operations_are_told_by_their_name() -> None:
    def compute() -> None:
        tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(X), logits=X)
        keras.losses.BinaryCrossentropy(from_logits=True)(tf.ones_like(X), X)
        tf.greater_equal(X, 0.0)

    found = names_of(told_of(compute))
    assert found.count("sigmoid_cross_entropy_with_logits") == 2
    assert compat.is_recorded(X) is False
