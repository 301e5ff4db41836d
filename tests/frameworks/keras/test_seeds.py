"""Every mode sees the same order of data and the same dropout, seed or no seed."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlmagic import bench
from dlmagic.frameworks.keras import _compat as compat
from dlmagic.frameworks.keras.seeds import repeating_shuffles
from dlmagic.frameworks.registry import repeating


@pytest.fixture
def unseeded():
    """TensorFlow as it is where nobody has set a seed."""
    context = compat.context_of_tensorflow()
    before = compat.seed_state(context)
    compat.set_seed_state(context, {"_seed": None})
    yield context
    compat.set_seed_state(context, before)


def order_of(data):
    """The order in which one epoch shows the samples."""
    seen = []

    class Watching(keras.Model):
        def call(self, inputs):
            return inputs

        def train_step(self, data):
            seen.extend(np.array(data[0])[:, 0].tolist())
            return {"loss": 0.0}

    model = Watching()
    model.compile(run_eagerly=True)
    model.fit(**data, verbose=0)
    return seen


def test_without_a_seed_tensorflow_shuffles_otherwise_every_time(unseeded, data):
    assert order_of(data) != order_of(data)


def test_while_repeating_the_order_is_the_same_and_no_seed_is_left(unseeded, data):
    with repeating({"fit"}):
        first, second = order_of(data), order_of(data)
    assert first == second
    assert sorted(first) == sorted(data["x"][:, 0].tolist())
    assert first != data["x"][:, 0].tolist()
    assert not compat.has_seed(unseeded)
    assert order_of(data) != order_of(data)


def test_a_seed_of_the_user_stays_theirs(unseeded):
    keras.utils.set_random_seed(7)
    before = compat.seed_state(unseeded)
    with repeating_shuffles():
        assert compat.seed_state(unseeded) == before
    assert compat.seed_state(unseeded) == before


def test_a_shuffled_fit_with_dropout_agrees_in_eager_and_graph(unseeded, data):
    layers = [keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(optimizer="sgd", loss="mse")
    names = {"model": model, "__name__": "__main__", **data}
    result = bench("model.fit(x, y, epochs=2)", namespace=names, time=0.1)
    assert result["graph"].agrees is True


def test_random_numbers_that_xla_draws_otherwise_are_no_error(data):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    names = {"model": model, "__name__": "__main__", **data}
    cell = "model.train_on_batch(x, y)"
    result = bench(cell, namespace=names, modes=["eager", "xla"], time=0.1)
    assert result["xla"].agrees is None
    assert "draws random numbers" in result["xla"].agreement
