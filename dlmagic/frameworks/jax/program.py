"""The mode ``jit``: a cell as one compiled program, with every array that it reads as an input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jax

from dlmagic.cell.reach import walk
from dlmagic.finding import Finding
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.changes import Unchanged, UnchangedObjects, require_no_tracer
from dlmagic.frameworks.jax.closures import Copies
from dlmagic.frameworks.jax.draws import Undrawn
from dlmagic.frameworks.jax.inputs import Mixed, is_whole
from dlmagic.frameworks.jax.leaves import holds_inputs
from dlmagic.frameworks.jax.outputs import Returned, take_out
from dlmagic.frameworks.jax.places import key_of, places_read
from dlmagic.frameworks.jax.precision import findings_about_precision
from dlmagic.frameworks.jax.sizes import size_text
from dlmagic.frameworks.protocol import CellLike, Framework

_WORTH_TELLING = 1000  # bytes; smaller constants are the cell's own numbers


class Program:
    """A cell, traced and compiled at its first call; called like the cell's function.

    Args:
        cell: The compiled cell.
        arguments: The values of its parameters by name.
        framework: The adapter, which tells what is behind a value.
    """

    def __init__(
        self, cell: CellLike, arguments: Mapping[str, object], framework: Framework
    ) -> None:
        self._cell = cell
        self._framework = framework
        self._values = values = [arguments[name] for name in cell.parameters]
        self._whole = [i for i, value in enumerate(values) if is_whole(value)]
        self._mixed = {
            i: Mixed(value)
            for i, value in enumerate(values)
            if i not in self._whole and holds_inputs(value)
        }
        places = places_read([cell.function, values], cell.namespace, holds_inputs)
        self._outside = [(place, Mixed(place.read())) for place in places]
        self._jitted = jax.jit(self._trace)
        self._traced = False

    def __call__(self, *arguments: object) -> tuple[object, ...]:
        """What the cell's function returns for these values of its parameters.

        Raises:
            ChangedWhileTracedError: The cell changes a value in place.
        """
        returned: Returned = self._jitted(*self.inputs(arguments))
        if self._traced:
            self._traced = False
            require_no_tracer(self._cell, self._framework)
        values, written = returned.build()
        if written:
            self._cell.namespace.update(written)
        result: tuple[object, ...] = values
        return result

    def trace(self) -> tuple[Finding, ...]:
        """Trace the cell with the arguments it was made with, which the first call finds done.

        Returns:
            A warning, where arrays are built into the program as constants; a hint, where
            NumPy's arrays become less exact.

        Raises:
            ChangedWhileTracedError: The cell changes a value in place, or draws numbers that
                are not JAX's.
        """
        undrawn = Undrawn(self._cell, self._framework)
        traced = self._jitted.trace(*self.inputs(tuple(self._values)))
        self._traced = False
        undrawn.require()
        require_no_tracer(self._cell, self._framework)
        named = dict(zip(self._cell.parameters, self._values, strict=True))
        named.update((place.name, place.read()) for place, _ in self._outside)
        return (*_about_constants(traced), *findings_about_precision(named))

    def jaxpr(self) -> Any:
        """What the cell computes, as JAX writes it down.

        Raises:
            ChangedWhileTracedError: The cell changes a value in place.
            Exception: What JAX raises where the cell cannot be traced.
        """
        traced = self._jitted.trace(*self.inputs(tuple(self._values)))
        self._traced = False
        require_no_tracer(self._cell, self._framework)
        return traced.jaxpr

    def inputs(self, arguments: tuple[object, ...]) -> tuple[Any, ...]:
        """The arrays that are handed to the program: of arguments, and from outside."""
        return (
            [arguments[i] for i in self._whole],
            [mixed.arrays_of(arguments[i]) for i, mixed in self._mixed.items()],
            [mixed.arrays_of(place.read()) for place, mixed in self._outside],
        )

    def input_names(self, arguments: tuple[object, ...] | None = None) -> list[str]:
        """What the user calls the arrays of :meth:`inputs`, in order.

        Args:
            arguments: By default those that it was made with.
        """
        parameters, given = self._cell.parameters, arguments or self._values
        values = [(parameters[i], given[i]) for i in self._whole]
        values += [(parameters[i], mixed.arrays_of(given[i])) for i, mixed in self._mixed.items()]
        values += [(place.name, mixed.arrays_of(place.read())) for place, mixed in self._outside]
        known = walk(self._cell.reads, self._cell.namespace, [self._framework])
        paths = {id(reached.value): reached.path for reached in known}
        return [
            paths.pop(id(array), f"{name}{jax.tree_util.keystr(path)}")
            for name, value in values
            for path, array in jax.tree_util.tree_flatten_with_path(value)[0]
        ]

    def jitted(self, *inputs: Any) -> Returned:
        """The compiled program, as a function of :meth:`inputs` that can be transformed."""
        returned: Returned = self._jitted(*inputs)
        return returned

    def plainly(self, *inputs: Any) -> Returned:
        """The cell as it is, operation by operation, as such a function."""
        returned = self._trace(*inputs)
        self._traced = False
        return returned

    def lowered(self, arguments: tuple[object, ...]) -> Any:
        """The program as JAX hands it to the compiler, to be looked at."""
        return self._jitted.lower(*self.inputs(arguments))

    def _trace(self, whole: list[Any], mixed: list[Any], outside: list[Any]) -> Returned:
        self._traced = True
        values = dict(enumerate(self._values))
        values.update(zip(self._whole, whole, strict=True))
        for (i, parts), arrays in zip(self._mixed.items(), mixed, strict=True):
            values[i] = parts.with_arrays(arrays)
        there = {
            key_of(place): parts.with_arrays(arrays)
            for (place, parts), arrays in zip(self._outside, outside, strict=True)
        }
        copies = Copies(self._cell.namespace, there)
        given = [copies.within(value) for value in values.values()]
        function = copies.within(self._cell.function)
        named = zip(self._cell.parameters, given, strict=True)
        read = [(place.name, there[key_of(place)]) for place, _ in self._outside]
        unchanged, objects = Unchanged([*read, *named]), UnchangedObjects(copies)
        with compat.waiting_is_done():
            returned = function(*given)
        unchanged.require()
        objects.require(self._cell, self._framework)
        return take_out((returned, copies.written()))


def _about_constants(traced: Any) -> Iterator[Finding]:
    size = compat.bytes_of_constants(traced)
    if size >= _WORTH_TELLING:
        yield Finding(
            "constants",
            "warning",
            f"In mode jit, arrays of {size_text(size)} that the cell reads through methods or "
            "objects are constants of the program: it may compute with them beforehand.",
        )
