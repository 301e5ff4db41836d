"""Saving values of TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from dlmagic.frameworks.protocol import Saved, SavedNothing
from dlmagic.frameworks.tensorflow import _compat as compat

_OPAQUE = (
    tf.Tensor, tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices, tf.data.Dataset, tf.TypeSpec,
    tf.DType, tf.TensorShape, tf.Graph, tf.Operation, tf.distribute.Strategy,
    tf.autograph.experimental.Feature,
)  # fmt: skip


def save(value: object) -> Saved | None:
    """Variables; nothing for what never changes or is TensorFlow's own affair."""
    if isinstance(value, tf.Variable):
        return SavedVariable(value)
    if isinstance(value, _OPAQUE) or _is_machinery(value):
        # Of a function made by tf.function, what the user's own function reads is state.
        return SavedNothing(getattr(value, "python_function", None))
    return None


class SavedVariable:
    """What a variable holds.

    The tensor that ``read_value`` gives is not touched by later writes: TensorFlow copies
    before it writes to memory that somebody else refers to.
    """

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.contents = compat.contents_of(variable)

    def changed(self) -> bool:
        """Whether it holds other numbers."""
        now = compat.contents_of(self.variable)
        if now is None or self.contents is None:
            return now is not self.contents
        return not same(now, self.contents)

    def restore(self) -> None:
        """Assign what it held."""
        if self.contents is not None and self.changed():
            self.variable.assign(self.contents)

    def children(self) -> Iterable[tuple[str, object]]:
        """A variable is a leaf."""
        return ()


def same(first: Any, second: Any) -> bool:
    """Whether two tensors hold the same bytes."""
    if first.shape != second.shape:
        return False
    return bool(first.numpy().tobytes() == second.numpy().tobytes())


def _is_machinery(value: object) -> bool:
    return type(value).__module__.startswith(
        ("tensorflow.python.eager", "tensorflow.python.framework", "tensorflow.python.data")
    )
