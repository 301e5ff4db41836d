"""Every private name of Keras that dlmagic uses, each behind a plain answer of its own.

A name that a later Keras moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/keras/test_compat.py`` fails when that happens,
so that the loss is noticed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import keras

RUN_EAGERLY = "_run_eagerly"
JIT_COMPILE = "_jit_compile"
"""Where a model keeps its settings; past the properties, which warn and resolve "auto"."""

_VALUE = "_value"
_OWN = "_variables"
_VARIABLES = ("_trainable_variables", "_non_trainable_variables")
_SUBLAYERS = ("_layers", "_metrics", "_seed_generators")


def settings_of(run_eagerly: bool, jit_compile: bool) -> dict[str, object]:
    """What a model's attributes hold once these settings are made."""
    return {RUN_EAGERLY: run_eagerly, JIT_COMPILE: jit_compile}


def own_variables(owner: object) -> list[Any]:
    """The variables that a layer, metric or optimiser holds itself, not in a part of it."""
    held = vars(owner)
    # An optimiser also lists the variables of the model that it trains.
    names = (_OWN,) if _OWN in held else _VARIABLES
    return [variable for name in names for variable in held.get(name) or ()]


def parts_of(owner: object) -> list[Any]:
    """The layers, metrics and seed generators that a layer holds directly."""
    lists = (vars(owner).get(name) or () for name in _SUBLAYERS)
    return [part for kept in lists for part in kept]


def value_of(variable: Any) -> object:
    """The backend's own array or variable behind a variable; None before it has one."""
    return vars(variable).get(_VALUE)


def set_value_among(attributes: dict[str, Any], value: object) -> None:
    """Let the attributes of a variable name another value."""
    attributes[_VALUE] = value


def maker_of(tensor: Any) -> object | None:
    """The layer that gave a placeholder, as ``keras.Input`` and calls of layers make them."""
    return getattr(getattr(tensor, "_keras_history", None), "operation", None)


def supports_jit(model: Any) -> bool:
    """Whether every layer of a model can be compiled; True where it cannot be asked."""
    trainer = sys.modules.get("keras.src.trainers.trainer")
    asked = getattr(trainer, "model_supports_jit", None)
    return True if asked is None else bool(asked(model))


def graph_parts() -> tuple[type, ...]:
    """Kinds of objects that describe a model's graph and do not change once they are made."""
    node = getattr(sys.modules.get("keras.src.ops.node"), "Node", None)
    return tuple(kind for kind in (node, keras.KerasTensor, keras.InputSpec) if kind)


def is_wrapped_container(value: object) -> bool:
    """Whether this is TensorFlow's stand-in for a list or dict that is an attribute of a layer."""
    module = type(value).__module__
    return module == "tensorflow.python.trackable.data_structures" and hasattr(value, "__dict__")


_TRACKERS = ("GLOBAL_STATE_TRACKER", "GLOBAL_SETTINGS_TRACKER")
_SEED_GENERATOR = "global_seed_generator"


def global_trackers() -> dict[str, Any]:
    """The objects whose attributes are Keras' global state; a cleared session gets new ones."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    return {name: vars(module)[name] for name in _TRACKERS if module and hasattr(module, name)}


def set_global_trackers(trackers: Mapping[str, Any]) -> None:
    """Put back what :func:`global_trackers` returned."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    for name, tracker in trackers.items():
        setattr(module, name, tracker)


def global_seed_generator() -> Any | None:
    """The generator behind random layers and functions without a seed; None before its use."""
    trackers = global_trackers().values()
    return next((vars(t)[_SEED_GENERATOR] for t in trackers if _SEED_GENERATOR in vars(t)), None)


_SEED_OF_TENSORFLOW = ("_seed", "_rng")


def context_of_tensorflow() -> Any | None:
    """The object that holds TensorFlow's global seed; None where it is not found."""
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "context", lambda: None)()
    return context if hasattr(context, _SEED_OF_TENSORFLOW[0]) else None


def has_seed(context: Any) -> bool:
    """Whether somebody has set TensorFlow's global seed."""
    return getattr(context, _SEED_OF_TENSORFLOW[0]) is not None


def seed_state(context: Any) -> dict[str, Any]:
    """TensorFlow's global seed, and what counts on from it."""
    held = vars(context)
    return {name: held[name] for name in _SEED_OF_TENSORFLOW if name in held}


def set_seed_state(context: Any, state: Mapping[str, Any]) -> None:
    """Put back what :func:`seed_state` returned."""
    held = vars(context)
    for name in _SEED_OF_TENSORFLOW:
        held.pop(name, None)
    held.update(state)


def is_of_keras(function: Any) -> bool:
    """Whether a function is a part of Keras itself."""
    return str(getattr(function, "__module__", "")).partition(".")[0] == "keras"


def trained_by(optimizer: Any) -> list[Any]:
    """The variables that an optimiser was built for; empty where it does not tell."""
    return list(getattr(optimizer, "_trainable_variables", None) or ())
