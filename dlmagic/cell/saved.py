"""How the state of Python's own objects is saved and put back, in place.

Each class here stands for one kind of object: it keeps a shallow copy of what the
object holds and can put that back into the same object, so that everybody who refers
to it sees the restored state. What the contents hold in turn is saved by itself.
"""

from __future__ import annotations

import array
import operator
from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection, Iterable
from types import CellType, FunctionType
from typing import Any

from dlmagic.cell.saved_names import saved_function
from dlmagic.cell.saved_streams import save_stream
from dlmagic.frameworks.protocol import Saved

Child = tuple[str, object]
_WRITTEN_OUT = (str, bytes, int, float, complex, type(None))
"""Kinds of keys that stand in a path as the user would write them."""


class SavedList:
    """A list, a deque, a bytearray or an array: a sequence whose contents can be replaced."""

    def __init__(self, value: list[Any] | deque[Any] | bytearray | array.array[Any]) -> None:
        self.value = value
        self.contents = value[:] if not isinstance(value, deque) else deque(value)
        self.holds_objects = isinstance(value, list | deque)

    def changed(self) -> bool:
        if not self.holds_objects:
            return self.value != self.contents
        return not _same_objects(self.value, self.contents)

    def restore(self) -> None:
        if not self.changed():
            return
        if isinstance(self.value, deque):
            self.value.clear()
            self.value.extend(self.contents)
        elif isinstance(self.value, list):
            list.__setitem__(self.value, slice(None), list(self.contents))
        else:
            self.value[:] = self.contents  # type: ignore[assignment]

    def children(self) -> Iterable[Child]:
        if self.holds_objects:
            yield from ((f"[{index}]", item) for index, item in enumerate(self.contents))


class SavedSet:
    """A set."""

    def __init__(self, value: set[Any]) -> None:
        self.value = value
        self.contents = frozenset(value)

    def changed(self) -> bool:
        return set(map(id, self.value)) != set(map(id, self.contents))

    def restore(self) -> None:
        if self.changed():
            set.clear(self.value)
            set.update(self.value, self.contents)

    def children(self) -> Iterable[Child]:
        yield from ((f"{{{position}}}", item) for position, item in enumerate(self.contents))


class SavedDict:
    """A dict, or the attributes of an object."""

    def __init__(self, value: dict[Any, Any], *, as_attributes: bool = False) -> None:
        self.value = value
        self.contents = dict(value)
        self.as_attributes = as_attributes

    def changed(self) -> bool:
        return not (
            _same_objects(self.value, self.contents)
            and _same_objects(self.value.values(), self.contents.values())
        )

    def restore(self) -> None:
        if not self.changed():
            return
        # A subclass may do more when an item is set; its plain contents are put back.
        kind = OrderedDict if isinstance(self.value, OrderedDict) else dict
        kind.clear(self.value)
        kind.update(self.value, self.contents)

    def children(self) -> Iterable[Child]:
        for position, (key, item) in enumerate(self.contents.items()):
            if self.as_attributes:
                yield f".{key}", item
            elif isinstance(key, _WRITTEN_OUT):
                yield f"[{key!r}]", item
            else:
                # The text of an object may be long and slow, and says little.
                suffix = f"[{type(key).__name__} {position}]"
                yield suffix, item
                yield f"{suffix}'s key", key


class SavedDefaultDict(SavedDict):
    """A dict that makes what is missing, and what it makes that with."""

    def __init__(self, value: defaultdict[Any, Any]) -> None:
        super().__init__(value)
        self.filled = value
        self.factory = value.default_factory

    def changed(self) -> bool:
        return self.filled.default_factory is not self.factory or super().changed()

    def restore(self) -> None:
        self.filled.default_factory = self.factory
        super().restore()


class SavedAttributes(SavedDict):
    """The attributes of an object that has a ``__dict__``, and its class.

    PyTorch gives a module another class when it is parametrised or, if lazy, first called.
    """

    def __init__(self, owner: object) -> None:
        super().__init__(vars(owner), as_attributes=True)
        self.owner = owner
        self.kind = type(owner)

    def changed(self) -> bool:
        same = type(self.owner) is self.kind and vars(self.owner) is self.value
        return not same or super().changed()

    def restore(self) -> None:
        if type(self.owner) is not self.kind:
            object.__setattr__(self.owner, "__class__", self.kind)
        if vars(self.owner) is not self.value:
            object.__setattr__(self.owner, "__dict__", self.value)
        super().restore()


class SavedCell:
    """A variable that a closure shares with the function around it."""

    def __init__(self, cell: CellType) -> None:
        self.cell = cell
        self.full = _is_full(cell)
        self.contents = cell.cell_contents if self.full else None

    def changed(self) -> bool:
        full = _is_full(self.cell)
        return full != self.full or (full and self.cell.cell_contents is not self.contents)

    def restore(self) -> None:
        if self.full:
            self.cell.cell_contents = self.contents
        elif _is_full(self.cell):
            del self.cell.cell_contents

    def children(self) -> Iterable[Child]:
        yield "", self.contents


def save_python(value: object) -> Saved | None:
    """The state of one of Python's own mutable objects, or None if it is none."""
    if isinstance(value, list | deque | bytearray | array.array):
        return SavedList(value)
    if isinstance(value, defaultdict):
        return SavedDefaultDict(value)
    if isinstance(value, dict):
        return SavedDict(value)
    if isinstance(value, set):
        return SavedSet(value)
    if isinstance(value, FunctionType):
        return saved_function(value)
    if isinstance(value, CellType):
        return SavedCell(value)
    return save_stream(value)


def _same_objects(first: Collection[object], second: Collection[object]) -> bool:
    """Whether two collections hold the same objects in the same order."""
    return len(first) == len(second) and all(map(operator.is_, first, second))


def _is_full(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - reading tells whether there is anything
    except ValueError:
        return False
    return True
