"""Copies of the notebook's functions that read other values than the originals do.

While a cell is traced, arrays that its helper functions read from the notebook's globals or
from closures must be inputs. To put tracers into the notebook would be seen by functions that
the user jitted, which remember for good what they read while they are traced. So the cell and
its helpers are copied for the trace, with globals and closures of their own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CellType, FunctionType
from typing import Any

import jax

from dlmagic.cell import global_names
from dlmagic.frameworks.outside import Place

Key = tuple[str, int]
Function = FunctionType | functools.partial[Any]


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


def key_of(place: Place | Bound) -> Key:
    """What tells two places apart."""
    return place.name, id(place.holder)


def places_read(
    roots: list[object], namespace: dict[str, object], wanted: Callable[[object], bool]
) -> list[Place | Bound]:
    """Where functions read wanted values: globals of the notebook, closures of any function.

    Args:
        roots: Trees of values, the functions among which are followed.
        namespace: The notebook's namespace.
        wanted: Whether a value shall be an input.
    """
    found: dict[Key, Place | Bound] = {}
    waiting, seen = [*roots], {id(namespace)}
    while waiting:
        for function in _functions_in(waiting.pop()):
            if id(function) in seen:
                continue
            seen.add(id(function))
            for place in _read_by(function, namespace):
                value = place.read()
                if wanted(value):
                    found.setdefault(key_of(place), place)
                waiting.append(value)
            if isinstance(function, functools.partial):
                waiting.append(function.func)
    return list(found.values())


class Copies:
    """Copies of functions, in which other values stand at some places.

    Args:
        namespace: The notebook's namespace, which stays as it is.
        values: What stands at each place.
    """

    def __init__(self, namespace: dict[str, object], values: Mapping[Key, object]) -> None:
        self._namespace = namespace
        self._values = values
        self._done: dict[int, object] = {}
        self._globals = dict(namespace)
        self._globals.update(
            (name, value) for (name, holder), value in values.items() if holder == id(namespace)
        )
        self._given = dict(self._globals)

    def within(self, value: object) -> Any:
        """A tree of values with the functions in it copied."""
        return jax.tree_util.tree_map(self._copy, value)

    def written(self) -> dict[str, object]:
        """The globals that the copies have bound, by name."""
        return {
            name: value
            for name, value in self._globals.items()
            if name not in self._given or self._given[name] is not value
        }

    def _copy(self, value: object) -> object:
        if id(value) in self._done:
            return self._done[id(value)]
        if isinstance(value, functools.partial):
            called: Any = self._copy(value.func)
            bound = self._values.get(key_of(Bound(value)), (value.args, value.keywords))
            arguments, named = self.within(bound)
            return functools.partial(called, *arguments, **named)
        return self._copy_function(value) if isinstance(value, FunctionType) else value

    def _copy_function(self, function: FunctionType) -> FunctionType:
        of_notebook = function.__globals__ is self._namespace
        if not of_notebook and function.__closure__ is None:
            return function
        cells = tuple(CellType() for _ in function.__closure__ or ())
        copy = FunctionType(
            function.__code__,
            self._globals if of_notebook else function.__globals__,
            function.__name__,
            function.__defaults__,
            cells if function.__closure__ is not None else None,
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        copy.__dict__.update(function.__dict__)
        self._done[id(function)] = copy
        if of_notebook:
            self._copy_globals(function)
        self._fill(cells, function)
        return copy

    def _copy_globals(self, function: FunctionType) -> None:
        for name in global_names.of_code(function.__code__).loads:
            if name in self._globals and self._globals[name] is self._namespace.get(name):
                self._globals[name] = self._given[name] = self._copy(self._globals[name])

    def _fill(self, cells: tuple[CellType, ...], function: FunctionType) -> None:
        names = function.__code__.co_freevars
        for name, new, old in zip(names, cells, function.__closure__ or (), strict=True):
            place = (name, id(old))
            if place in self._values:
                new.cell_contents = self._values[place]
            elif _is_full(old):
                new.cell_contents = self._copy(old.cell_contents)


def _functions_in(value: object) -> Iterator[Function]:
    leaves = jax.tree_util.tree_leaves(value)
    return (leaf for leaf in leaves if isinstance(leaf, FunctionType | functools.partial))


def _read_by(function: Function, namespace: dict[str, object]) -> Iterator[Place | Bound]:
    if isinstance(function, functools.partial):
        yield Bound(function)
        return
    if function.__globals__ is namespace:
        for name in sorted(global_names.of_code(function.__code__).loads):
            if name in namespace:
                yield Place(name, namespace)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if _is_full(cell):
            yield Place(name, cell)


def _is_full(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - a variable that has no value yet raises
    except ValueError:
        return False
    return True
