"""Saving variables, and the dictionaries of a ``tf.Module``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from dlmagic.cell.saved import SavedAttributes
from dlmagic.frameworks.tensorflow import _compat as compat


class SavedVariable:
    """What a variable holds.

    The tensor that ``read_value`` gives shares the variable's memory, and no later write
    touches it: TensorFlow copies before it writes to memory that somebody else refers to
    (``tests/frameworks/tensorflow/test_state.py`` tries every kind of write). So nothing is
    copied for a variable that is only read.
    """

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.contents = compat.contents_of(variable)

    def changed(self) -> bool:
        """Whether it holds other bytes."""
        now = compat.contents_of(self.variable)
        if now is None or self.contents is None:
            return now is not self.contents
        return not same(now, self.contents)

    def restore(self) -> None:
        """Assign what it held; to the same variable."""
        if self.contents is not None and self.changed():
            self.variable.assign(self.contents)

    def children(self) -> Iterable[tuple[str, object]]:
        """A variable is a leaf."""
        return ()


class SavedDictionary(SavedAttributes):
    """The proxy around a dictionary that is an attribute of a ``tf.Module``.

    Args:
        proxy: It reads like a dictionary, and ``dict``'s own methods refuse it.
    """

    def __init__(self, proxy: Any) -> None:
        super().__init__(proxy)
        self._inside = compat.dictionary_in(proxy)

    def children(self) -> Iterable[tuple[str, object]]:
        """The dictionary itself, then TensorFlow's notes about it."""
        yield "", self._inside
        yield from super().children()


def same(first: Any, second: Any) -> bool:
    """Whether two tensors hold the same bytes; at once where they share their memory."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    if first.dtype in (tf.variant, tf.resource):
        return first is second
    one, other = np.asarray(first), np.asarray(second)
    if one.dtype == object:
        return bool(np.array_equal(one, other))
    if one.__array_interface__["data"][0] == other.__array_interface__["data"][0]:
        return True
    return one.tobytes() == other.tobytes()
