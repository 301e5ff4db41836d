"""The second referee: the same cell once more from values that differ in their last digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.protocol import NUDGE, Saved, Widen
from dlmagic.frameworks.tensorflow.arrays import is_eager
from dlmagic.frameworks.tensorflow.inputs import leaves, with_leaves
from dlmagic.frameworks.tensorflow.state import SavedTensor
from dlmagic.frameworks.tensorflow.variables import SavedVariable


def refuse_float64(saved: Sequence[Saved]) -> None:
    """TensorFlow mixes no types, so nothing can be widened that the cell names a type of.

    Raises:
        ModeUnavailable: There is a floating-point tensor or variable.
    """
    for item in saved:
        dtype = _dtype_of(item)
        if dtype is not None and dtype.is_floating and dtype != tf.float64:
            raise ModeUnavailable(f"A tensor keeps its type {dtype.name}: no float64 referee.")


@contextmanager
def nudged(saved: Sequence[Saved], seed: int) -> Iterator[Widen]:
    """Move every saved floating-point variable by a few rounding errors of its type, in place.

    The context's value does the same for tensors among a cell's arguments. The caller restores
    the snapshot afterwards.
    """
    numbers = np.random.default_rng(seed)
    for item in saved:
        if isinstance(item, SavedVariable) and _is_float(item.contents):
            item.variable.assign(_moved(item.contents, numbers))

    def move(value: Any) -> Any:
        if not any(_is_float(leaf) for leaf in leaves(value)):
            return value
        return with_leaves(value, lambda leaf: _moved(leaf, numbers) if _is_float(leaf) else leaf)

    yield move


def _dtype_of(item: Saved) -> Any:
    if isinstance(item, SavedVariable):
        return item.variable.dtype
    return item.dtype if isinstance(item, SavedTensor) else None


def _is_float(value: Any) -> bool:
    return is_eager(value) and bool(value.dtype.is_floating)


def _moved(tensor: Any, numbers: np.random.Generator) -> Any:
    """The tensor times factors near one; zeros stay zeros."""
    steps = numbers.uniform(-1, 1, tuple(tensor.shape))
    eps = _EPS.get(tensor.dtype.name, _EPS["float32"])
    exact = np.asarray(tensor).astype(np.float64) * (1 + NUDGE * eps * steps)
    return tf.cast(tf.constant(exact, tf.float64), tensor.dtype)


_EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
"""Rounding errors: the distance from 1 to the next number."""
