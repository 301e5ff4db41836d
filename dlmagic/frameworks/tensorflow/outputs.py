"""What a graph returns: its tensors; everything else is remembered and put back."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.inputs import is_container, parts, with_parts


class _Hole:
    """Stands where a tensor of the graph belongs."""


_HOLE = _Hole()


class Outputs:
    """The structure of what a cell returns, seen while it was traced."""

    def __init__(self) -> None:
        self._structure: Any = ()

    def take_apart(self, returned: Any) -> list[Any]:
        """The tensors among the values; the rest is remembered, not turned into tensors."""
        tensors: list[Any] = []
        self._structure = _without_tensors(returned, tensors)
        return tensors

    def put_together(self, tensors: list[Any]) -> Any:
        """The same structure around the tensors of one call; containers are new ones."""
        return _filled(self._structure, iter(tensors))


def is_output(value: object) -> bool:
    """Whether a value without parts is computed by the graph.

    A variable is not, but what its ``assign_add`` returns in a graph.
    """
    if isinstance(value, tf.Variable):
        return compat.is_symbolic(value)
    return isinstance(value, (tf.Tensor, *compat.composite_kinds()))


def _without_tensors(value: Any, found: list[Any]) -> Any:
    if isinstance(value, tf.Operation):
        return None  # what only prints returns nothing when it runs at once
    if is_output(value):
        found.append(tf.convert_to_tensor(value) if isinstance(value, tf.Variable) else value)
        return _HOLE
    if not is_container(value):
        return value
    return with_parts(value, [_without_tensors(part, found) for part in parts(value)])


def _filled(structure: Any, tensors: Any) -> Any:
    if structure is _HOLE:
        return next(tensors)
    if not is_container(structure):
        return structure
    return with_parts(structure, [_filled(part, tensors) for part in parts(structure)])
