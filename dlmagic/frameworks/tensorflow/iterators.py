"""Saving what moves on when it is used: iterators over data sets, and tables that grow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlmagic.errors import StateError
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow.variables import same


class SavedIterator:
    """How far an iterator over a data set has come, buffers of ``shuffle`` included."""

    def __init__(self, iterator: Any) -> None:
        self._iterator = iterator
        self._position = compat.position_of(iterator)

    def changed(self) -> bool:
        """It may have: nobody can tell."""
        return True

    def restore(self) -> None:
        """Wind it back.

        Raises:
            StateError: It runs over Python code, so that it could not be saved.
        """
        if self._position is None:
            raise StateError("An iterator over a data set from Python code cannot be put back.")
        compat.set_position(self._iterator, self._position)

    def children(self) -> Iterable[tuple[str, object]]:
        """An iterator is a leaf."""
        return ()


class SavedTable:
    """The keys and values of a ``MutableHashTable``."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._keys, self._values = table.export()

    def changed(self) -> bool:
        """Whether its entries differ; it may say so where only their order does."""
        keys, values = self._table.export()
        return not (same(keys, self._keys) and same(values, self._values))

    def restore(self) -> None:
        """Remove what is new, and put all others back."""
        if self.changed():
            self._table.remove(self._table.export()[0])
            self._table.insert(self._keys, self._values)

    def children(self) -> Iterable[tuple[str, object]]:
        """A table is a leaf."""
        return ()


def is_wound_back(iterator: object) -> bool:
    """Whether an iterator could be put back; True for what is none."""
    is_one = isinstance(iterator, compat.iterator_kind())
    return not is_one or compat.position_of(iterator) is not None
