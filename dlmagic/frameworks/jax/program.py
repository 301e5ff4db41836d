"""The mode ``jit``: a cell as one compiled program, with every array that it reads as an input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax

from dlmagic.cell.reach import walk
from dlmagic.frameworks.jax.closures import Copies, key_of, places_read
from dlmagic.frameworks.jax.inputs import Mixed, is_whole
from dlmagic.frameworks.jax.leaves import Tracer, holds_inputs
from dlmagic.frameworks.jax.outputs import Returned, take_out
from dlmagic.frameworks.protocol import CellLike, Framework


class ChangedWhileTracedError(Exception):
    """The cell changes something in place, which compiled code would do only once."""


class Program:
    """A cell that is traced at its first call and compiled; called like the cell's function.

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
        values = [arguments[name] for name in cell.parameters]
        self._values = values
        self._whole = [i for i, value in enumerate(values) if is_whole(value)]
        self._mixed = {
            i: Mixed(value)
            for i, value in enumerate(values)
            if i not in self._whole and holds_inputs(value)
        }
        self._places = places_read([cell.function, values], cell.namespace, holds_inputs)
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
            self._require_no_tracer_outside()
        values, written = returned.build()
        if written:
            self._cell.namespace.update(written)
        result: tuple[object, ...] = values
        return result

    def inputs(self, arguments: tuple[object, ...]) -> tuple[Any, ...]:
        """The arrays that are handed to the program: of arguments, and from outside."""
        return (
            [arguments[i] for i in self._whole],
            [mixed.arrays_of(arguments[i]) for i, mixed in self._mixed.items()],
            [Mixed(place.read()).arrays for place in self._places],
        )

    def lowered(self, arguments: tuple[object, ...]) -> Any:
        """The program as JAX hands it to the compiler, to be looked at."""
        return self._jitted.lower(*self.inputs(arguments))

    def _trace(self, whole: list[Any], mixed: list[Any], outside: list[Any]) -> Returned:
        self._traced = True
        values = list(self._values)
        for i, value in zip(self._whole, whole, strict=True):
            values[i] = value
        for (i, parts), arrays in zip(self._mixed.items(), mixed, strict=True):
            values[i] = parts.with_arrays(arrays)
        copies = Copies(
            self._cell.namespace,
            {
                key_of(place): Mixed(place.read()).with_arrays(arrays)
                for place, arrays in zip(self._places, outside, strict=True)
            },
        )
        given = [copies.within(value) for value in values]
        before = [jax.tree_util.tree_flatten(value) for value in given]
        returned = copies.within(self._cell.function)(*given)
        self._require_unchanged(given, before)
        return take_out((returned, copies.written()))

    def _require_unchanged(self, given: list[Any], before: list[tuple[list[Any], Any]]) -> None:
        for name, value, (leaves, structure) in zip(
            self._cell.parameters, given, before, strict=True
        ):
            now, structure_now = jax.tree_util.tree_flatten(value)
            same = structure == structure_now and all(
                first is second for first, second in zip(leaves, now, strict=True)
            )
            if not same:
                raise ChangedWhileTracedError(_said(name, value))

    def _require_no_tracer_outside(self) -> None:
        names, namespace = self._cell.reads, self._cell.namespace
        for reached in walk(names, namespace, [self._framework]):
            if isinstance(reached.value, Tracer):
                raise ChangedWhileTracedError(_said(reached.path, None))


def _said(path: str, value: object) -> str:
    module = type(value).__module__
    if module.startswith("flax.nnx") or any(
        base.__module__.startswith("flax.nnx") for base in type(value).__mro__
    ):
        return (
            f"The cell changes {path} in place, which jax.jit around the cell cannot follow: "
            "use nnx.jit inside the cell."
        )
    return (
        f"The cell changes {path} in place, which compiled code does only once, while it is "
        "traced: make a new value instead."
    )
