"""A value of TensorFlow as NumPy sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from dlmagic.frameworks.protocol import ArrayView
from dlmagic.frameworks.tensorflow import _compat as compat

_NUMPY_FLOATS = ("float16", "float32", "float64")


def as_array(value: object) -> ArrayView | None:
    """The numbers or texts of a tensor; None for symbolic tensors and for other values.

    Variables are read. Sparse and ragged tensors and slices become dense. Types that NumPy
    lacks (bfloat16, float8) become float32, small integers (int4) int8. ``dtype`` is the
    tensor's own in every case.
    """
    if isinstance(value, tf.Variable):
        return as_array(compat.contents_of(value))
    if isinstance(value, tf.IndexedSlices | tf.SparseTensor | tf.RaggedTensor):
        return as_array(_dense(value))
    if not isinstance(value, tf.Tensor) or not is_eager(value):
        return None
    if not value.dtype.is_numpy_compatible or value.dtype in (tf.variant, tf.resource):
        return None
    numbers = _for_numpy(value.numpy(), value.dtype)
    return ArrayView(value.dtype.name, tuple(value.shape), device_of(value), numbers)


def is_eager(value: Any) -> bool:
    """Whether a tensor has numbers: it is no symbol in a graph."""
    return (
        bool(tf.is_tensor(value)) and hasattr(value, "numpy") and not tf.is_symbolic_tensor(value)
    )


def device_of(tensor: Any) -> str:
    """Such as ``"cpu"`` or ``"gpu:0"``."""
    device = tf.DeviceSpec.from_string(tensor.device or "")
    kind = (device.device_type or "cpu").lower()
    return kind if kind == "cpu" else f"{kind}:{device.device_index or 0}"


def _dense(value: Any) -> object:
    """One tensor with zeros where nothing stands; None inside a graph."""
    parts = tf.nest.flatten(value, expand_composites=True)
    if not all(is_eager(part) for part in parts):
        return None
    if isinstance(value, tf.RaggedTensor):
        return value.to_tensor()
    if isinstance(value, tf.SparseTensor):
        return tf.sparse.to_dense(tf.sparse.reorder(value))
    if value.dense_shape is None:
        return value.values
    return tf.convert_to_tensor(value)


def _for_numpy(numbers: Any, dtype: Any) -> Any:
    """The same numbers in a type that NumPy itself has, always as an array."""
    numbers = np.asarray(numbers)
    if dtype == tf.string:
        return numbers.astype(np.bytes_)
    if dtype.is_floating:
        return numbers if dtype.name in _NUMPY_FLOATS else numbers.astype(np.float32)
    return numbers if numbers.dtype.kind in "biufc" else numbers.astype(np.int8)
