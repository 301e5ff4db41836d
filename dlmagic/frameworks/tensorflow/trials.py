"""A change tried on tensors of TensorFlow, or on their shapes in a graph of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

_MOST_ELEMENTS = 1_000_000


def owns(value: object) -> bool:
    """Whether the value is a tensor or a variable of TensorFlow, or symbolic in Keras."""
    return isinstance(_bare(value), tf.Tensor | tf.Variable) or _is_symbolic_of_keras(value)


def is_small(value: Any) -> bool:
    """Whether a tensor has numbers, few, and on the CPU."""
    bare = _bare(value)
    if not isinstance(bare, tf.Variable) and not hasattr(bare, "numpy"):
        return False
    return "GPU" not in str(bare.device) and int(bare.shape.num_elements()) <= _MOST_ELEMENTS


def on_copies(function: Callable[..., object], values: Sequence[Any]) -> None:
    """Run the change; tensors never change, and a variable is read once."""
    bare = map(_bare, values)
    function(*(tf.identity(value) if isinstance(value, tf.Variable) else value for value in bare))


def on_shapes(function: Callable[..., object], values: Sequence[Any]) -> None:
    """Run the change in a graph that is thrown away, where tensors have no numbers."""
    with tf.Graph().as_default():
        function(*(_placeholder(_bare(value)) if owns(value) else value for value in values))


def _placeholder(value: Any) -> Any:
    if _is_symbolic_of_keras(value):
        return value
    return tf.compat.v1.placeholder(value.dtype, value.shape)


def _bare(value: Any) -> Any:
    """What a variable of Keras keeps."""
    keras: Any = sys.modules.get("keras")
    of_keras = keras is not None and isinstance(value, getattr(keras, "Variable", ()))
    return value.value if of_keras else value


def _is_symbolic_of_keras(value: object) -> bool:
    keras: Any = sys.modules.get("keras")
    return keras is not None and isinstance(value, getattr(keras, "KerasTensor", ()))
