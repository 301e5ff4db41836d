"""Every private name of TensorFlow that dlmagic uses, each behind a plain answer of its own.

A name that a later TensorFlow moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/tensorflow/test_compat.py`` fails when that
happens, so that the loss is noticed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import tensorflow as tf


def _internal(module: str, name: str) -> Any:
    """An attribute of one of TensorFlow's own modules, or None where it is gone."""
    try:
        return getattr(import_module(f"tensorflow.python.{module}"), name, None)
    except ImportError:
        return None


def context() -> Any:
    """The eager context of this process, or None where it cannot be found."""
    find = _internal("eager.context", "context")
    return find() if callable(find) else None


def is_started() -> bool:
    """Whether TensorFlow has made its devices; True where it does not tell."""
    return bool(getattr(context(), "_initialized", True))


def composite_kinds() -> tuple[type, ...]:
    """Values made of several tensors, which a graph can return: ragged, sparse, data sets."""
    kind = getattr(getattr(tf, "__internal__", None), "CompositeTensor", None)
    known = (tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices)
    return known if kind is None else (*known, kind)


def contents_of(variable: Any) -> Any:
    """What a variable holds, as a tensor that later assignments leave alone; None without."""
    handle = getattr(variable, "handle", None)
    if handle is not None and tf.is_symbolic_tensor(handle):
        return None
    with tf.init_scope():
        return variable.read_value() if variable.is_initialized() else None


Trace = Callable[[object], None]
_LIST_OF_CALLBACKS = ("eager.polymorphic_function.transform", "CONCRETE_FUNCTION_CALLBACKS")


def callbacks() -> list[Callable[[Any], None]] | None:
    """The functions that TensorFlow calls with every new concrete function; None if unknown."""
    found = _internal(*_LIST_OF_CALLBACKS)
    return found if isinstance(found, list) else None


def python_function_being_traced() -> object:
    """The Python function behind the concrete function that is just being made, or None.

    To be called from one of :func:`callbacks`: the concrete function does not know it.
    """
    frame: Any = sys._getframe(1)
    while frame is not None:
        options = frame.f_locals.get("tracing_options")
        if options is not None:
            function = getattr(options, "python_function", None)
            return getattr(function, "__wrapped__", function)
        frame = frame.f_back
    return None


def is_of_data_set(function: object) -> bool:
    """Whether a traced function is a step of a ``tf.data.Dataset``, such as one of ``map``."""
    return getattr(function, "__module__", "") == "tensorflow.python.data.ops.structured_function"
