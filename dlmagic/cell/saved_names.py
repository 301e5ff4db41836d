"""Values that are read and written by name: slots, a function's defaults, a class's attributes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

_KEPT_BY_PANDAS = (
    "axes", "blocks", "_blknos", "_blklocs", "_is_consolidated", "_known_consolidated",
    "values", "_mgr_locs", "mgr_locs", "refs",
)  # fmt: skip
"""What pandas (1.3 to 3) keeps of a table in compiled objects, which declare no slots."""


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

    def children(self) -> Iterable[tuple[str, object]]:
        yield from ((f".{name}", value) for name, value in self.contents.items())


class SavedMadeClass(SavedNames):
    """A class that was made for one object; what it holds belongs to who made it."""

    def children(self) -> Iterable[tuple[str, object]]:
        return ()


def saved_made_class(owner: type) -> SavedMadeClass:
    """Save what a class holds that :func:`is_made_for_one` object."""
    return SavedMadeClass(**vars(saved_names(owner, attributes_of_class(owner))))


def is_made_for_one(kind: type) -> bool:
    """Whether a class was made at run time and stands nowhere under its name.

    PyTorch makes one for each parametrised module, and takes properties from it when the
    parametrisation is removed.
    """
    module = sys.modules.get(kind.__module__)
    if module is None or "." in kind.__qualname__:
        return False
    return vars(module).get(kind.__qualname__) is not kind


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
    names = [name for base in type(owner).__mro__ for name in _slots_in(base)]
    if not names:
        return None
    return lambda: [name for name in names if _is_filled(owner, name)]


def _slots_in(base: type) -> list[str]:
    if base.__module__ == "pandas._libs.internals":
        return [name for name in _KEPT_BY_PANDAS if name in vars(base)]
    slots = _as_names(vars(base).get("__slots__", ()))
    return [_mangled(base, name) for name in slots if name not in {"__dict__", "__weakref__"}]


def attributes_of_class(owner: type) -> Callable[[], list[str]]:
    """A function that lists what may be rebound on a class."""
    hidden = {"__dict__", "__weakref__", "__doc__", "__abstractmethods__"}
    return lambda: [name for name in vars(owner) if name not in hidden]


_FUNCTION_PARTS = ("__defaults__", "__kwdefaults__", "__dict__", "__code__", "__doc__")


def saved_function(function: FunctionType) -> SavedNames:
    """Save a function's defaults and attributes; its closure is made of cells."""
    return saved_names(function, lambda: _FUNCTION_PARTS)


def _as_names(slots: str | Iterable[str]) -> Iterable[str]:
    return (slots,) if isinstance(slots, str) else slots


def _mangled(owner: type, name: str) -> str:
    """The name under which a class keeps a private slot (Python reference, section 6.2.1)."""
    class_name = owner.__name__.lstrip("_")
    private = name.startswith("__") and not name.endswith("__")
    return f"_{class_name}{name}" if private and class_name else name


def _is_filled(owner: object, name: str) -> bool:
    try:
        object.__getattribute__(owner, name)
    except AttributeError:
        return False
    return True


def _reader(owner: object) -> Callable[[str], object]:
    """Past a ``__getattr__`` of the class, which may answer for an empty slot."""
    return lambda name: object.__getattribute__(owner, name)


def _setter(owner: object) -> Callable[[Any, str, object], None]:
    return type.__setattr__ if isinstance(owner, type) else object.__setattr__


def _deleter(owner: object) -> Callable[[Any, str], None]:
    return type.__delattr__ if isinstance(owner, type) else object.__delattr__
