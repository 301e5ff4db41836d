"""The work by which the limits of a device are measured: a large product, and much memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf


def matrix_product(size: int, dtype: str, device: str) -> Callable[[], Any]:
    """Multiplies two matrices of so many rows."""
    generator = tf.random.Generator.from_seed(0)
    with tf.device(device):
        first, second = (
            tf.cast(generator.normal((size, size)), dtype),
            tf.cast(generator.normal((size, size)), dtype),
        )

    def multiply() -> Any:
        with tf.device(device):
            return tf.linalg.matmul(first, second)

    return multiply


def memory_traffic(size: int, device: str) -> Mapping[int, Callable[[], Any]]:
    """A copy and a sum of so many bytes, by the bytes that they read and write."""
    with tf.device(device):
        source = tf.zeros(size // 4, tf.float32)

    def copy() -> Any:
        with tf.device(device):
            return source + 1.0

    def add_up() -> Any:
        with tf.device(device):
            return tf.reduce_sum(source)

    return {2 * size: copy, size: add_up}
