"""Cells that cannot run: the user's own errors, and modes that fail alone, each in one line."""

from __future__ import annotations

import traceback

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlmagic import bench
from dlmagic.frameworks.keras.adapter import KerasFramework


def bare(**names):
    return {"__name__": "__main__", **names}


def error_of(text, names):
    """What a cell raises, with its frames that are not dlmagic's or a library's."""
    with pytest.raises(Exception) as caught:
        bench(text, namespace=names, time=0.1)
    return caught.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\nmodel.fit(x, y)", "must call `compile"),
        ("\n\nmodel.compile(loss='mse')\nmodel.fit(x, y[:7])", "cardinality is ambiguous"),
        ("\n\nmodel.predict(x[:, :2])\nmodel.predict(x)", "ncompatible"),
    ],
)
def test_an_error_of_the_user_is_theirs_and_nothing_is_left(text, message, data, state_of):
    model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])
    names = bare(model=model, **data)
    before, kept = state_of(model), dict(names)
    error = error_of(text, names)
    assert message in str(error)
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if "<cell" in f.filename]
    assert lines[-1] == len(text.splitlines())
    assert state_of(model) == before
    assert not model.built
    assert names.keys() - {"__builtins__"} == kept.keys()


class ReadsItsLoss(keras.Model):
    """Asks for a number in the middle of a step, which only eager execution can answer."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, inputs):
        return self.dense(inputs)

    def train_step(self, data):
        logs = super().train_step(data)
        return {"loss": float(logs["loss"])}


def test_a_step_that_needs_numbers_runs_eagerly_and_fails_alone_in_graphs(data):
    model = ReadsItsLoss()
    model.compile(optimizer="sgd", loss="mse", run_eagerly=True)
    result = bench("model.fit(x, y)", namespace=bare(model=model, **data), time=0.1)
    assert result["eager"].status == "ok"
    assert result["graph"].status == "failed"
    assert "asks for the value of a tensor" in result["graph"].reason
    assert result["graph"].line == 1
    assert model.run_eagerly


def test_a_layer_that_xla_cannot_compile_fails_alone(data):
    class Text(keras.layers.Layer):
        def call(self, inputs):
            return tf.strings.to_number(tf.strings.as_string(inputs))

    model = keras.Sequential([keras.Input((4,)), Text(), keras.layers.Dense(1)])
    names = bare(model=model, **data)
    result = bench("\nmodel.predict(x)", namespace=names, modes=["graph", "xla"], time=0.1)
    assert result["graph"].status == "ok"
    assert result["xla"].status == "failed"
    assert result["xla"].line == 2
    assert len(result["xla"].reason.splitlines()) == 1


def test_errors_that_are_not_of_keras_are_left_to_the_backend():
    assert KerasFramework().explain_failure(KeyError("x")) is None


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: keras.Sequential([keras.layers.Dense(1)]).fit(np.ones((2, 2))), "compile()"),
        (lambda: keras.Sequential([keras.layers.Dense(1)]).count_params(), "not built"),
        (lambda: keras.layers.Dense(1)(np.ones(3)), "min_ndim=2, found ndim=1"),
        (lambda: narrow()(np.ones((2, 3))), "shape (2, 3)."),
    ],
)
def test_known_errors_are_told_in_one_sentence(make, said):
    with pytest.raises(ValueError) as caught:
        make()
    reason, line = KerasFramework().explain_failure(caught.value)
    assert said in reason
    assert not {"\n", "\x1b"} & set(reason)
    assert line is None


def narrow():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
