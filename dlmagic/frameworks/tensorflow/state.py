"""Which values of TensorFlow have a state, and which are opaque."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from dlmagic.frameworks.protocol import Saved, SavedNothing
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.iterators import SavedIterator, SavedTable
from dlmagic.frameworks.tensorflow.variables import SavedDictionary, SavedVariable

_TENSORS = (tf.Tensor, tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices)
_OPAQUE = (
    tf.data.Dataset, tf.TypeSpec, tf.DType, tf.TensorShape, tf.Graph, tf.Operation,
    tf.distribute.Strategy,
)  # fmt: skip
_MACHINERY = tuple(f"tensorflow.python.{part}" for part in ("eager", "framework", "data", "client"))


def save(value: object) -> Saved | None:
    """The state of one value; None for what is walked like any object, as a ``tf.Module`` is."""
    if isinstance(value, type):
        return None
    if isinstance(value, tf.Variable):
        return SavedVariable(value)
    if isinstance(value, _TENSORS):
        return SavedTensor(value)
    if isinstance(value, compat.iterator_kind()):
        return SavedIterator(value)
    if isinstance(value, tf.lookup.experimental.MutableHashTable):
        return SavedTable(value)
    if isinstance(value, _OPAQUE):
        return SavedNothing()
    if compat.dictionary_in(value) is not None:
        return SavedDictionary(value)
    if type(value).__module__.startswith(_MACHINERY):
        return SavedFunction(value) if callable(value) else SavedNothing()
    return None


class SavedTensor(SavedNothing):
    """A tensor, which never changes.

    Attributes:
        dtype: Its type.
    """

    def __init__(self, tensor: Any) -> None:
        self.dtype = tensor.dtype


class SavedFunction(SavedNothing):
    """A ``tf.function``: what it has traced is its own affair, what it reads is not."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def children(self) -> Iterable[tuple[str, object]]:
        """The Python function inside, and the variables of a graph that has none."""
        inside = getattr(self._function, "python_function", None)
        if inside is not None:
            yield "", inside
        else:
            yield "'s variables", list(getattr(self._function, "variables", ()))
