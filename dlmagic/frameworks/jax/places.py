"""Where a cell's functions and objects hold arrays that are no parameters of the cell."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import jax

from dlmagic.cell import global_names
from dlmagic.frameworks.outside import Place

Key = tuple[str, int]


@dataclass(frozen=True)
class Bound:
    """The arguments that a ``functools.partial`` holds.

    Attributes:
        holder: The partial function.
        name: Nothing that a user can type.
    """

    holder: functools.partial[Any]
    name: str = ".bound"

    def read(self) -> object:
        """Positional arguments, and keywords."""
        return self.holder.args, self.holder.keywords


@dataclass(frozen=True)
class Attributes:
    """The attributes of an object whose class the notebook defines.

    Attributes:
        holder: The object.
        name: Nothing that a user can type.
    """

    holder: Any
    name: str = ".attributes"

    def read(self) -> object:
        """The values by name."""
        return dict(vars(self.holder))


AnyPlace = Place | Bound | Attributes


def key_of(place: AnyPlace) -> Key:
    """What tells two places apart."""
    return place.name, id(place.holder)


def places_read(
    roots: list[object], namespace: dict[str, object], wanted: Callable[[object], bool]
) -> list[AnyPlace]:
    """Every place with a wanted value that can be reached from some values.

    These are globals of the notebook that its functions read, closures of any function, bound
    arguments, attributes of the notebook's own objects.

    Args:
        roots: Trees of values.
        namespace: The notebook's namespace.
        wanted: Whether a value shall be an input.
    """
    found: dict[Key, AnyPlace] = {}
    waiting, seen = [*roots], {id(namespace)}
    while waiting:
        for leaf in jax.tree_util.tree_leaves(waiting.pop()):
            if id(leaf) in seen:
                continue
            seen.add(id(leaf))
            waiting.extend(_behind(leaf))
            for place in _places_of(leaf, namespace):
                value = place.read()
                if wanted(value):
                    found.setdefault(key_of(place), place)
                waiting.append(value)
    return list(found.values())


def is_object_of(value: object, namespace: dict[str, object]) -> bool:
    """Whether the notebook defines the value's class, and its attributes can be copied."""
    if isinstance(value, FunctionType | type | ModuleType):
        return False
    known = type(value).__module__ == namespace.get("__name__")
    return known and isinstance(getattr(value, "__dict__", None), dict)


def is_full(cell: CellType) -> bool:
    """Whether a variable of a closure has a value."""
    try:
        cell.cell_contents  # noqa: B018 - reading tells
    except ValueError:
        return False
    return True


def _behind(leaf: object) -> list[object]:
    if isinstance(leaf, functools.partial):
        return [leaf.func]
    return [leaf.__self__, leaf.__func__] if isinstance(leaf, MethodType) else []


def _places_of(leaf: object, namespace: dict[str, object]) -> Iterator[AnyPlace]:
    if isinstance(leaf, functools.partial):
        yield Bound(leaf)
    elif isinstance(leaf, FunctionType):
        yield from _read_by(leaf, namespace)
    elif is_object_of(leaf, namespace):
        yield Attributes(leaf)


def _read_by(function: FunctionType, namespace: dict[str, object]) -> Iterator[Place]:
    if function.__globals__ is namespace:
        for name in sorted(global_names.of_code(function.__code__).loads):
            if name in namespace:
                yield Place(name, namespace)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if is_full(cell):
            yield Place(name, cell)
