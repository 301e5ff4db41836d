"""What TensorFlow says while a mode runs, and what is set for that time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf


@contextmanager
def eagerly() -> Iterator[None]:
    """Every function runs operation by operation, also what the user wrapped in tf.function."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Even though the `tf.config")
            yield
    finally:
        tf.config.run_functions_eagerly(before)


@contextmanager
def tracing() -> Iterator[None]:
    """Functions become graphs, whatever the user has set."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(False)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
