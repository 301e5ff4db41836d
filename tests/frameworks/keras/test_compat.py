"""Fails where a later Keras or TensorFlow has moved a private name that dlmagic uses."""

from __future__ import annotations

import keras
import tensorflow as tf

from dlmagic.frameworks.keras import _compat as compat


def test_a_model_keeps_its_settings_where_it_did(model):
    for name in compat.settings_of(run_eagerly=True, jit_compile=False):
        assert name in vars(model)
    vars(model).update(compat.settings_of(run_eagerly=True, jit_compile=False))
    assert model.run_eagerly
    assert not model.jit_compile
    vars(model).update(compat.settings_of(run_eagerly=False, jit_compile=True))
    assert not model.run_eagerly
    assert model.jit_compile


def test_variables_and_parts_are_found(model, data):
    model.fit(**data, verbose=0)
    first = model.layers[0]
    assert [variable.name for variable in compat.own_variables(first)] == ["kernel", "bias"]
    assert len(compat.own_variables(model.optimizer)) == len(model.optimizer.variables)
    assert all(layer in compat.parts_of(model) for layer in model.layers)
    dropout = keras.layers.Dropout(0.5)
    assert compat.parts_of(dropout) == [dropout.seed_generator]
    assert isinstance(compat.value_of(first.kernel), tf.Variable)
    attributes = dict(vars(first.kernel))
    compat.set_value_among(attributes, "other")
    assert [name for name in attributes if attributes[name] == "other"] == ["_value"]


def test_a_placeholder_names_the_layer_that_gave_it():
    layer = keras.layers.Dense(2)
    assert compat.maker_of(layer(keras.Input((3,)))) is layer


def test_layers_say_whether_they_can_be_compiled(model):
    assert compat.supports_jit(model)
    model.layers[0].supports_jit = False
    assert not compat.supports_jit(model)


def test_the_parts_of_a_graph_have_their_kinds():
    assert {kind.__name__ for kind in compat.graph_parts()} == {"Node", "KerasTensor", "InputSpec"}


def test_global_state_is_where_it_was():
    keras.random.normal((1,))
    keras.layers.Dense(1)
    trackers = compat.global_trackers()
    assert trackers.keys() == {"GLOBAL_STATE_TRACKER", "GLOBAL_SETTINGS_TRACKER"}
    assert "object_name_uids" in vars(trackers["GLOBAL_STATE_TRACKER"])
    assert isinstance(compat.global_seed_generator(), keras.random.SeedGenerator)
    keras.utils.clear_session(free_memory=False)
    assert compat.global_trackers() != trackers
    compat.set_global_trackers(trackers)
    assert compat.global_trackers() == trackers


def test_the_seed_of_tensorflow_can_be_taken_away_again():
    context = compat.context_of_tensorflow()
    assert context is not None
    before = compat.seed_state(context)
    compat.set_seed_state(context, {"_seed": None})
    assert not compat.has_seed(context)
    tf.random.set_seed(3)
    assert compat.has_seed(context)
    assert compat.seed_state(context).keys() == {"_seed", "_rng"}
    compat.set_seed_state(context, before)
    assert compat.seed_state(context) == before


def test_wrapped_lists_and_dicts_are_told_from_others():
    module = tf.Module()
    module.parts, module.table = [tf.Module()], {"a": tf.Module()}
    assert compat.is_wrapped_container(module.parts)
    assert compat.is_wrapped_container(module.table)
    assert not compat.is_wrapped_container([])


def test_functions_of_keras_are_told_from_the_users():
    assert compat.is_of_keras(keras.activations.relu)
    assert not compat.is_of_keras(test_functions_of_keras_are_told_from_the_users)


def test_an_optimiser_knows_what_it_trains(model, data):
    assert compat.trained_by(model.optimizer) == []
    model.fit(**data, verbose=0)
    trained = compat.trained_by(model.optimizer)
    assert [id(each) for each in trained] == [id(each) for each in model.trainable_variables]
