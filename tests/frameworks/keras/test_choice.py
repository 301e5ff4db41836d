"""Which cells take their mode from Keras, and which from the framework behind it."""

from __future__ import annotations

import builtins
from types import ModuleType

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.frameworks.choosing import framework_for, framework_of_mode

BY_HAND = """
with tf.GradientTape() as tape:
    loss = tf.reduce_mean((model(x) - y) ** 2)
gradients = tape.gradient(loss, model.trainable_variables)
"""
MADE_INSIDE = """
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(loss="mse")
model.fit(x, y)
"""


def owner_of(text, **names):
    """The name of the framework that a cell takes its modes from."""
    namespace = {"__name__": "__main__", "__builtins__": builtins, **names}
    cell = compile_cell(CellSource.from_text(text), namespace)
    cell.define()
    values = [namespace[name] for name in cell.reads if name in namespace]
    framework, reason = framework_for(values, cell.attributes)
    assert reason == ""
    return framework.name


@pytest.fixture
def names(model, data):
    return {"model": model, "keras": keras, "tf": tf, "np": np, **data}


@pytest.mark.parametrize(
    "text",
    [
        "model.fit(x, y)",
        "model.evaluate(x, y)",
        "for _ in range(3):\n    model.train_on_batch(x, y)",
        "def helper():\n    return model.predict(x)\nhelper()",
        "class Job:\n    def go(self):\n        return model.predict_on_batch(x)\nJob().go()",
        MADE_INSIDE,
        MADE_INSIDE.replace("keras.", "tf.keras."),
        "model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(8))",
        "model.predict(tf.constant(x))",
    ],
)
def test_its_methods_make_a_cell_of_keras(text, names):
    assert owner_of(text, **names) == "keras"


def test_a_function_from_a_module_of_the_user_that_trains_makes_one_too(names):
    module = ModuleType("training")
    exec("def train(model, x, y):\n    return model.fit(x, y)", vars(module))
    assert owner_of("train(model, x, y)", train=module.train, **names) == "keras"


def test_data_of_another_framework_changes_nothing(names):
    loader = torch.utils.data.DataLoader([1.0])
    assert owner_of("model.fit(loader)", loader=loader, **names) == "keras"
    assert owner_of(MADE_INSIDE, keras=keras, x=tf.ones((4, 4)), y=tf.ones((4, 1))) == "keras"


@pytest.mark.parametrize(
    "text",
    [
        BY_HAND,
        "model(x)",
        "keras.ops.matmul(x, x.T)",
        "keras.layers.Dense(2)(x)",
        "tf.keras.activations.relu(x)",
        "model.optimizer.apply(model.weights)",
    ],
)
def test_other_code_is_the_backends(text, names):
    assert owner_of(text, **names) == "tensorflow"


def test_fit_of_something_else_is_not_keras():
    class Line:
        def fit(self, x):
            return np.polyfit(x, x, 1)

    assert owner_of("line.fit(x)", line=Line(), x=np.arange(4.0)) == "python"
    assert owner_of("line.fit(x)", line=Line(), x=tf.range(4.0)) == "tensorflow"


def test_a_mode_that_both_have_is_prepared_by_the_right_one(model):
    assert framework_of_mode("graph", [model], {"fit"}).name == "keras"
    assert framework_of_mode("graph", [model], {"call"}).name == "tensorflow"
