"""Models and variables of Keras, described by their metadata."""

from __future__ import annotations

import keras

from dlmagic.frameworks.keras.description import describe, parts_of


def test_a_variable_and_a_symbolic_tensor() -> None:
    found = describe(keras.Variable([[1.0, 2.0]], trainable=False))
    assert found is not None
    assert (found.shape, found.dtype, found.nbytes) == ((1, 2), "float32", 8)
    assert found.requires_grad is False
    symbol = describe(keras.Input((3,)))
    assert symbol is not None
    assert (symbol.shape, symbol.remark) == (("?", 3), "symbolic")
    assert describe(1.0) is None


def test_models_layers_and_optimisers_have_parts() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert len(parts_of(model) or ()) == 2
    assert len(parts_of(model.layers[0]) or ()) == 2
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    assert len(parts_of(optimizer) or ()) >= 4
    assert parts_of("x") is None
