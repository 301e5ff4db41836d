"""Every private name of Keras that dlmagic uses, each behind a plain answer of its own.

A name that a later Keras moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/keras/test_compat.py`` fails when that happens,
so that the loss is noticed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import keras

RUN_EAGERLY = "_run_eagerly"
JIT_COMPILE = "_jit_compile"
"""Where a model keeps its settings; past the properties, which warn and resolve "auto"."""

_VALUE = "_value"
_VARIABLES = ("_trainable_variables", "_non_trainable_variables", "_variables")
_SUBLAYERS = ("_layers", "_metrics")


def settings_of(run_eagerly: bool, jit_compile: bool) -> dict[str, object]:
    """What a model's attributes hold once these settings are made."""
    return {RUN_EAGERLY: run_eagerly, JIT_COMPILE: jit_compile}


def own_variables(owner: object) -> list[Any]:
    """The variables that a layer, metric or optimiser holds itself, not in a part of it."""
    lists = (vars(owner).get(name) or () for name in _VARIABLES)
    return [variable for kept in lists for variable in kept]


def parts_of(owner: object) -> list[Any]:
    """The layers and metrics that a layer holds directly."""
    lists = (vars(owner).get(name) or () for name in _SUBLAYERS)
    return [part for kept in lists for part in kept]


def value_of(variable: Any) -> object:
    """The backend's own array or variable behind a variable; None before it has one."""
    return vars(variable).get(_VALUE)


def set_value_among(attributes: dict[str, Any], value: object) -> None:
    """Let the attributes of a variable name another value."""
    attributes[_VALUE] = value


def supports_jit(model: Any) -> bool:
    """Whether every layer of a model can be compiled; True where it cannot be asked."""
    trainer = sys.modules.get("keras.src.trainers.trainer")
    asked = getattr(trainer, "model_supports_jit", None)
    return True if asked is None else bool(asked(model))


def graph_parts() -> tuple[type, ...]:
    """Kinds of objects that describe a model's graph and do not change once they are made."""
    node = getattr(sys.modules.get("keras.src.ops.node"), "Node", None)
    return tuple(kind for kind in (node, keras.KerasTensor, keras.InputSpec) if kind)


def global_state() -> Mapping[str, Any]:
    """What Keras keeps for the whole process, by its own names; empty where it is not found."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    return vars(getattr(module, "GLOBAL_STATE_TRACKER", object)) if module else {}


def set_global_state(state: Mapping[str, Any]) -> None:
    """Put back what :func:`global_state` returned."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    tracker = getattr(module, "GLOBAL_STATE_TRACKER", None)
    if tracker is not None:
        kept = vars(tracker)
        kept.clear()
        kept.update(state)


def is_of_keras(function: Any) -> bool:
    """Whether a function is a part of Keras itself."""
    return str(getattr(function, "__module__", "")).partition(".")[0] == "keras"


def history_kind() -> type:
    """What ``fit`` returns."""
    kind: type = keras.callbacks.History
    return kind


def known_names() -> Iterable[str]:
    """The private attributes above, for the test that watches them."""
    return (RUN_EAGERLY, JIT_COMPILE, *_VARIABLES, *_SUBLAYERS)
