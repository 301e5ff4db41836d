"""What is known of a compiled model, and of labels that its loss is not made for."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from dlmagic.frameworks.keras.compiled import compiled
from dlmagic.frameworks.keras.labels_and_loss import numbers_of, problem_of_labels
from dlmagic.frameworks.keras.loss_and_output import problem_of
from dlmagic.frameworks.keras.metrics_and_output import problem_of_metrics

IDS = np.array([0, 1, 2, 1])


def model(*last: Any, **settings: Any) -> Any:
    made = keras.Sequential([keras.Input((4,)), *last])
    made.compile(**settings)
    return made


def dense(units: int, activation: str | None = None) -> Any:
    return keras.layers.Dense(units, activation=activation)


@pytest.mark.parametrize(
    "loss",
    [
        "binary_crossentropy",
        keras.losses.binary_crossentropy,
        keras.losses.BinaryCrossentropy(),
        keras.losses.get("binary_crossentropy"),
    ],
)
def test_a_loss_has_one_name_however_it_is_given(loss: Any) -> None:
    found = compiled(model(dense(1, "sigmoid"), loss=loss))
    assert found is not None
    assert (found.loss, found.expects_scores) == ("BinaryCrossentropy", False)
    assert (found.activation, found.units) == ("sigmoid", 1)


def test_metrics_are_read_in_lists_and_dictionaries_and_by_their_names() -> None:
    named = {"out": ["accuracy", keras.metrics.AUC(from_logits=True)]}
    inputs = keras.Input((4,))
    made = keras.Model(inputs, keras.layers.Dense(3, name="out")(inputs))
    made.compile(loss="mse", metrics=named, weighted_metrics=["mae"])
    found = compiled(made)
    assert found is not None
    names = [each.name for each in found.metrics]
    assert names == ["CategoricalAccuracy", "AUC", "MeanAbsoluteError"]
    assert found.metrics[1].settings["from_logits"] is True


def test_what_cannot_be_told_is_none() -> None:
    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.last = dense(3)

        def call(self, inputs: Any) -> Any:
            return keras.ops.softmax(self.last(inputs))

    own = Own()
    own.compile(loss="sparse_categorical_crossentropy")
    inputs = keras.Input((4,))
    two = keras.Model(inputs, [dense(1)(inputs), dense(1)(inputs)])
    two.compile(loss=["mse", "mse"])
    plain = keras.Sequential([keras.Input((4,)), dense(1)])
    for value in (own, two, plain, "no model", None):
        assert compiled(value) is None
        assert problem_of(value) is None
        assert problem_of_labels(value, IDS) is None
        assert problem_of_metrics(value, IDS) is None


def test_class_ids_that_there_are_not_are_told_where_keras_raises_nothing() -> None:
    """On this machine TensorFlow raises; on a GPU, and with JAX, the loss is just wrong."""
    made = model(dense(3, "softmax"), loss="sparse_categorical_crossentropy")
    for outside in (IDS + 1, IDS - 1):
        problem = problem_of_labels(made, outside)
        assert problem is not None
        assert problem[0] == "holds class ids outside of 0 to 2"
    assert problem_of_labels(made, IDS) is None
    assert problem_of_labels(made, IDS.tolist()) is None


def test_a_class_that_the_loss_leaves_out_is_none() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=255)
    made = model(dense(3, "softmax"), loss=loss)
    assert problem_of_labels(made, np.array([0, 255, 2])) is None
    assert problem_of_labels(made, np.array([0, 254, 2])) is not None
    assert problem_of_labels(made, np.array([255, 255])) is None


@pytest.mark.parametrize(
    "labels", [None, "text", np.array(["a"]), object(), [[1], [2, 3]], np.array([]), 3]
)
def test_what_holds_no_numbers_is_no_problem(labels: Any) -> None:
    assert problem_of_labels(model(dense(1, "sigmoid"), loss="binary_crossentropy"), labels) is None


def test_numbers_are_read_from_tensors_of_this_machine_alone() -> None:
    class OnGpu:
        device = "/job:localhost/device:GPU:0"

        def __array__(self) -> Any:
            raise AssertionError("a copy from a device")

    assert numbers_of(OnGpu()) is None
    tensor = numbers_of(keras.ops.convert_to_tensor([0.0, 2.0]))
    assert tensor is not None
    assert tensor.tolist() == [0.0, 2.0]
    truths = numbers_of(np.array([True, False]))
    assert truths is not None
    assert truths.sum() == 1
