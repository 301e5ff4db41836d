"""FLOPs and the backward pass of a Keras model on TensorFlow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from dlmagic.frameworks.tensorflow.flops import flops_told


@dataclass(frozen=True)
class BackwardPass:
    """What a backward pass came to.

    Attributes:
        seconds: How long it took.
        reached: Which of the weights a gradient reached.
    """

    seconds: float
    reached: tuple[bool, ...]


@contextmanager
def counted(listener: Callable[[float], object]) -> Iterator[bool]:
    """While active, FLOPs are told; whether that is possible."""
    with flops_told(listener) as told:
        yield told


def differentiated(run: Callable[[], object], weights: Sequence[Any]) -> BackwardPass | None:
    """Run forward and backward.

    Args:
        run: The forward pass.
        weights: Variables of Keras.

    Returns:
        None where there is nothing to differentiate, or TensorFlow cannot on this device.
    """
    values = [weight.value for weight in weights]
    with tf.GradientTape() as tape:
        result = run()
    outputs = [leaf for leaf in tf.nest.flatten(result) if _is_floating(leaf)]
    if not outputs or not values:
        return None
    begin = time.perf_counter()
    try:
        gradients = tape.gradient(outputs, values)
    except tf.errors.OpError:
        return None
    seconds = time.perf_counter() - begin
    return BackwardPass(seconds, tuple(gradient is not None for gradient in gradients))


def _is_floating(value: Any) -> bool:
    return bool(tf.is_tensor(value) and value.dtype.is_floating)
