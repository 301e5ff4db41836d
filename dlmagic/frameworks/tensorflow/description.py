"""Tensors and variables of TensorFlow as their metadata show them."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from dlmagic.frameworks.description import Description, told


def describe(value: object) -> Description | None:
    """See :meth:`dlmagic.frameworks.description.Describer.describe`.

    Where the numbers lie is not told: TensorFlow's tensors never change, and the buffer of a
    variable is its own.
    """
    if not isinstance(value, tf.Tensor | tf.Variable | tf.RaggedTensor | tf.SparseTensor):
        return None
    found: Any = value
    is_variable = isinstance(value, tf.Variable)
    return Description(
        kind="Variable" if is_variable else _kind(value),
        shape=told(lambda: tuple("?" if axis is None else int(axis) for axis in found.shape)),
        dtype=told(lambda: str(found.dtype.name).removesuffix("_ref")),
        device=told(lambda: _device(found.device)),
        requires_grad=bool(found.trainable) if is_variable else None,
        nbytes=told(lambda: int(found.shape.num_elements()) * int(found.dtype.size)),
        remark=_remark(value),
    )


def parts_of(value: object) -> list[object] | None:
    """The variables of a ``tf.Module``; models of Keras are described beside this."""
    if isinstance(value, tf.Module):
        return list(value.variables)
    return None


def _kind(value: object) -> str:
    names = {tf.RaggedTensor: "RaggedTensor", tf.SparseTensor: "SparseTensor"}
    return next((name for kind, name in names.items() if isinstance(value, kind)), "Tensor")


def _device(name: str) -> str:
    """``"cpu:0"`` for ``"/job:localhost/replica:0/task:0/device:CPU:0"``."""
    return name.rpartition("device:")[2].lower()


def _remark(value: object) -> str:
    if isinstance(value, tf.Tensor) and not hasattr(value, "numpy"):
        return "symbolic"
    return ""
