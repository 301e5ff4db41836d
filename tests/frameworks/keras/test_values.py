"""What the adapter says of Keras' own values."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.keras.adapter import KerasFramework
from dlmagic.frameworks.keras.state import named_variables


@pytest.fixture
def framework():
    return KerasFramework()


def test_a_variable_is_an_array_and_a_symbol_is_none(framework):
    view = framework.as_array(keras.Variable([[1.0, 2.0]], dtype="float16"))
    assert (view.dtype, view.shape) == ("float16", (1, 2))
    assert np.array_equal(view.values, [[1, 2]])
    assert framework.as_array(keras.KerasTensor((2,))) is None
    assert framework.as_array(np.ones(2)) is None


def test_losses_and_weights_stand_for_what_holds_them(framework, model, data):
    history = model.fit(**data, verbose=0)
    assert framework.comparable(history) is history.history
    layer = model.layers[0]
    assert framework.comparable(layer) == {".kernel": layer.kernel, ".bias": layer.bias}
    assert framework.comparable("text") == "text"


def test_variables_are_named_as_the_user_knows_them(model, data):
    model.fit(**data, verbose=0)
    names = [name for name, _ in named_variables(model)]
    first, norm = model.layers[0].name, model.layers[1].name
    assert names[:2] == [f".{first}.kernel", f".{first}.bias"]
    assert f".{norm}.moving_mean" in names
    assert ".metrics[0].total" in names
    optimizer = [name for name, _ in named_variables(model.optimizer)]
    assert ".iteration" in optimizer
    assert not any(name.endswith(".kernel") for name in optimizer)


def test_settings_name_the_backend(framework):
    assert framework.settings()["Keras backend"] == keras.config.backend()
    assert framework.settings()["floatx"] == "float32"


def test_there_is_no_float64_referee_for_variables(framework):
    saved = [framework.save(keras.Variable(1.0))]
    with pytest.raises(ModeUnavailable, match="keeps its dtype"):
        framework.as_float64(saved)
    framework.as_float64([framework.save(keras.Variable(1, dtype="int32"))])


def test_what_is_keras_own_is_owned(framework, model):
    for value in (model, model.layers[0], model.optimizer, keras.losses.MeanSquaredError()):
        assert framework.owns(value)
    assert not framework.owns(np.ones(1))
