"""What of a cell's values goes into its graph as an input, and what stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from dlmagic.frameworks.outside import Place, places_outside, replaced
from dlmagic.frameworks.protocol import CellLike

_TENSORS = (tf.Tensor, tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices)
_CONTAINERS = (list, tuple, dict)


class Inputs:
    """The tensors and arrays that a cell reads, taken out of the containers they lie in.

    Attributes:
        places: Names that helper functions read, whose values become inputs as well.
    """

    def __init__(self, cell: CellLike, arguments: Mapping[str, object]) -> None:
        self._names = cell.parameters
        self.places: Sequence[Place] = places_outside(cell, arguments, holds_input)
        self._outside = [place.read() for place in self.places]

    def flatten(self, arguments: Sequence[object]) -> list[Any]:
        """The inputs in a fixed order: those of the parameters, then those from outside."""
        values = [*arguments, *self._outside]
        return [leaf for value in values for leaf in leaves(value) if is_input(leaf)]

    def names(self, arguments: Sequence[object]) -> list[str]:
        """What the user calls each input; the parts of a container are numbered."""
        owners = [*self._names, *(place.name for place in self.places)]
        values = [*arguments, *self._outside]
        found = []
        for owner, value in zip(owners, values, strict=True):
            inputs = sum(is_input(leaf) for leaf in leaves(value))
            alone = inputs == 1 and is_input(value)
            found += [owner] if alone else [f"{owner}, part {k}" for k in range(1, inputs + 1)]
        return found

    @contextmanager
    def in_place(self, arguments: Sequence[object], symbols: Sequence[Any]) -> Iterator[list[Any]]:
        """The arguments with symbols in place of the inputs, and so the values outside."""
        following = iter(symbols)
        own = [with_symbols(value, following) for value in arguments]
        outside = [with_symbols(value, following) for value in self._outside]
        with replaced(self.places, outside):
            yield own


def is_input(value: object) -> bool:
    """Whether a value without parts is handed to the graph, rather than built into it.

    Variables are read by reference; Python numbers are the same in every call.
    """
    if isinstance(value, tf.Variable):
        return False
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufcSU" or value.dtype.name == "bfloat16"
    return isinstance(value, _TENSORS)


def holds_input(value: object) -> bool:
    """Whether there is an input somewhere in a tree of containers."""
    return any(is_input(leaf) for leaf in leaves(value))


def leaves(value: object) -> Iterator[object]:
    """The values in a tree of lists, tuples and dictionaries, in their own order."""
    if not is_container(value):
        yield value
    for part in parts(value):
        yield from leaves(part)


def is_container(value: object) -> bool:
    """Whether it is one of Python's own containers, or a named tuple."""
    return isinstance(value, _CONTAINERS)


def parts(value: Any) -> list[Any]:
    """What a container holds; nothing for what is none."""
    if not is_container(value):
        return []
    return list(value.values()) if isinstance(value, dict) else list(value)


def with_parts(container: Any, changed: list[Any]) -> Any:
    """A container like another one, with other contents."""
    if isinstance(container, dict):
        return dict(zip(container, changed, strict=True))
    if hasattr(container, "_fields"):
        return type(container)(*changed)
    return tuple(changed) if isinstance(container, tuple) else changed


def with_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same tree with each leaf changed; containers are new ones."""
    if not is_container(value):
        return change(value)
    return with_parts(value, [with_leaves(part, change) for part in parts(value)])


def with_symbols(value: Any, symbols: Iterator[Any]) -> Any:
    """The value with the next symbols in place of its inputs; the same one if it has none."""
    if not holds_input(value):
        return value
    return with_leaves(value, lambda leaf: next(symbols) if is_input(leaf) else leaf)
