"""Copies of the notebook's functions and objects that hold other values than the originals.

While a cell is traced, arrays that its helper functions read from the notebook's globals or
from closures must be inputs, and so must those that its objects hold. To put tracers into the
notebook would be seen by functions that the user jitted, which remember for good what they
read while they are traced. So the cell, its helpers and its objects are copied for the trace.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import CellType, FunctionType, MethodType
from typing import Any

import jax

from dlmagic.cell import global_names
from dlmagic.frameworks.jax.places import Attributes, Bound, Key, is_full, is_object_of, key_of


class Copies:
    """Copies of functions and objects, in which other values stand at some places.

    Args:
        namespace: The notebook's namespace, which stays as it is.
        values: What stands at each place.

    Attributes:
        objects: Each object that was copied, with its copy.
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
        self.objects: list[tuple[Any, Any]] = []

    def within(self, value: object) -> Any:
        """A tree of values with the functions and objects in it copied."""
        return jax.tree_util.tree_map(self._copy, value)

    def written(self) -> dict[str, object]:
        """The globals that the copies have bound, by name."""
        return {
            name: value
            for name, value in self._globals.items()
            if name not in self._given or self._given[name] is not value
        }

    def _copy(self, value: Any) -> Any:
        if id(value) in self._done:
            return self._done[id(value)]
        if isinstance(value, functools.partial):
            bound = self._values.get(key_of(Bound(value)), (value.args, value.keywords))
            arguments, named = self.within(bound)
            return functools.partial(self._copy(value.func), *arguments, **named)
        if isinstance(value, MethodType):
            return MethodType(self._copy(value.__func__), self._copy(value.__self__))
        if isinstance(value, FunctionType):
            return self._copy_function(value)
        return self._copy_object(value) if is_object_of(value, self._namespace) else value

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
            elif is_full(old):
                new.cell_contents = self._copy(old.cell_contents)

    def _copy_object(self, value: Any) -> Any:
        """A copy with other attributes, or the object itself where none of them differs."""
        copy = object.__new__(type(value))
        self._done[id(value)] = copy
        attributes = self.within(self._values.get(key_of(Attributes(value)), dict(vars(value))))
        if same_leaves(attributes, dict(vars(value))):
            self._done[id(value)] = value
            return value
        copy.__dict__.update(attributes)
        self.objects.append((value, copy))
        return copy


def same_leaves(first: object, second: object) -> bool:
    """Whether two trees have the same containers and hold the same objects."""
    leaves, structure = jax.tree_util.tree_flatten(first)
    others, other_structure = jax.tree_util.tree_flatten(second)
    return structure == other_structure and all(map(lambda a, b: a is b, leaves, others))
