"""How the state of Python's own objects is saved and put back, in place.

Each class here stands for one kind of object: it keeps a shallow copy of what the
object holds and can put that back into the same object, so that everybody who refers
to it sees the restored state. What the contents hold in turn is saved by itself.
"""

from __future__ import annotations

import array
import io
import operator
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from types import CellType, FunctionType
from typing import Any

from dlmagic.frameworks.protocol import Saved

Child = tuple[str, object]


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
        yield from (("{…}", item) for item in self.contents)


class SavedDict:
    """A dict, or the attributes of an object."""

    def __init__(self, value: dict[Any, Any], style: str = "[{!r}]") -> None:
        self.value = value
        self.contents = dict(value)
        self.style = style

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
        for key, item in self.contents.items():
            yield self.style.format(key), item


class SavedAttributes(SavedDict):
    """The attributes of an object that has a ``__dict__``."""

    def __init__(self, owner: object) -> None:
        super().__init__(vars(owner), ".{}")  # type: ignore[arg-type]
        self.owner = owner

    def changed(self) -> bool:
        return vars(self.owner) is not self.value or super().changed()

    def restore(self) -> None:
        if vars(self.owner) is not self.value:
            object.__setattr__(self.owner, "__dict__", self.value)
        super().restore()


@dataclass
class SavedNames:
    """Values that are read and written by name: slots, a function's defaults, a class.

    Attributes:
        owner: The object.
        contents: The values by name; a name that had none is absent.
        names: Lists the names that the object has now.
        read: Reads one.
        write: Binds one.
        delete: Unbinds one.
    """

    owner: object
    contents: dict[str, object]
    names: Callable[[], Iterable[str]]
    read: Callable[[str], object]
    write: Callable[[str, object], None]
    delete: Callable[[str], None]

    def changed(self) -> bool:
        return any(True for _ in self._differing())

    def _differing(self) -> Iterable[str]:
        present = set(self.names())
        for name in present | self.contents.keys():
            both = name in present and name in self.contents
            if not both or self.read(name) is not self.contents[name]:
                yield name

    def restore(self) -> None:
        for name in list(self._differing()):
            if name in self.contents:
                self.write(name, self.contents[name])
            else:
                self.delete(name)

    def children(self) -> Iterable[Child]:
        yield from ((f".{name}", value) for name, value in self.contents.items())


def saved_names(owner: object, names: Callable[[], Iterable[str]]) -> SavedNames:
    """Save attributes that live in slots or on a class."""
    read = vars(owner).__getitem__ if isinstance(owner, type) else _reader(owner)
    return SavedNames(
        owner=owner,
        contents={name: read(name) for name in names()},
        names=names,
        read=read,
        write=lambda name, value: _setter(owner)(owner, name, value),
        delete=lambda name: _deleter(owner)(owner, name),
    )


def slots_of(owner: object) -> Callable[[], list[str]] | None:
    """A function that lists the filled slots of an object, or None if its class has none."""
    names = [
        _mangled(base, name)
        for base in type(owner).__mro__
        for name in _as_names(vars(base).get("__slots__", ()))
        if name not in {"__dict__", "__weakref__"}
    ]
    if not names:
        return None
    return lambda: [name for name in names if hasattr(owner, name)]


def attributes_of_class(owner: type) -> Callable[[], list[str]]:
    """A function that lists what may be rebound on a class."""
    hidden = {"__dict__", "__weakref__", "__doc__", "__abstractmethods__"}
    return lambda: [name for name in vars(owner) if name not in hidden]


_FUNCTION_PARTS = ("__defaults__", "__kwdefaults__", "__dict__", "__code__", "__doc__")


def saved_function(function: FunctionType) -> SavedNames:
    """Save a function's defaults and attributes; its closure is made of cells."""
    return saved_names(function, lambda: _FUNCTION_PARTS)


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


class SavedRandom:
    """A generator of Python's ``random`` module."""

    def __init__(self, value: random.Random) -> None:
        self.value = value
        self.state = value.getstate()

    def changed(self) -> bool:
        return self.value.getstate() != self.state

    def restore(self) -> None:
        self.value.setstate(self.state)

    def children(self) -> Iterable[Child]:
        return ()


class SavedBuffer:
    """A text or byte buffer in memory, and where the next read or write happens."""

    def __init__(self, value: io.StringIO | io.BytesIO) -> None:
        self.value = value
        self.state = (value.getvalue(), value.tell())

    def changed(self) -> bool:
        return (self.value.getvalue(), self.value.tell()) != self.state

    def restore(self) -> None:
        text, position = self.state
        self.value.seek(0)
        self.value.truncate()
        self.value.write(text)  # type: ignore[arg-type]
        self.value.seek(position)

    def children(self) -> Iterable[Child]:
        return ()


class SavedReader:
    """A file that is open for reading only: where the next read happens."""

    def __init__(self, value: io.IOBase) -> None:
        self.value = value
        self.position = value.tell()

    def changed(self) -> bool:
        return self.value.tell() != self.position

    def restore(self) -> None:
        self.value.seek(self.position)

    def children(self) -> Iterable[Child]:
        return ()


def save_python(value: object) -> Saved | None:
    """The state of one of Python's own mutable objects, or None if it is none."""
    if isinstance(value, list | deque | bytearray | array.array):
        return SavedList(value)
    if isinstance(value, dict):
        return SavedDict(value)
    if isinstance(value, set):
        return SavedSet(value)
    if isinstance(value, FunctionType):
        return saved_function(value)
    if isinstance(value, CellType):
        return SavedCell(value)
    if isinstance(value, random.Random) and not isinstance(value, random.SystemRandom):
        return SavedRandom(value)
    if isinstance(value, io.StringIO | io.BytesIO) and not value.closed:
        return SavedBuffer(value)
    if isinstance(value, io.IOBase) and _only_reads(value):
        return SavedReader(value)
    return None


def _only_reads(value: io.IOBase) -> bool:
    return not value.closed and value.readable() and not value.writable() and value.seekable()


def _same_objects(first: Collection[object], second: Collection[object]) -> bool:
    """Whether two collections hold the same objects in the same order."""
    return len(first) == len(second) and all(map(operator.is_, first, second))


def _is_full(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - reading tells whether there is anything
    except ValueError:
        return False
    return True


def _as_names(slots: str | Iterable[str]) -> Iterable[str]:
    return (slots,) if isinstance(slots, str) else slots


def _mangled(owner: type, name: str) -> str:
    """The name under which a class keeps a private slot (Python reference, section 6.2.1)."""
    private = name.startswith("__") and not name.endswith("__")
    return f"_{owner.__name__.lstrip('_')}{name}" if private else name


def _reader(owner: object) -> Callable[[str], object]:
    return lambda name: getattr(owner, name)


def _setter(owner: object) -> Callable[[Any, str, object], None]:
    return type.__setattr__ if isinstance(owner, type) else object.__setattr__


def _deleter(owner: object) -> Callable[[Any, str], None]:
    return type.__delattr__ if isinstance(owner, type) else object.__delattr__
