"""The notebook's plain functions, compiled as well: numba cannot call any other.

The user's functions stay as they are. Each gets a twin whose globals are a copy of the
notebook's, in which the other twins stand; numba takes from there what a function reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import CellType, FunctionType

import numba

from dlmagic.frameworks.numba.dispatchers import reached


class Twins:
    """Compiled twins of plain functions.

    Attributes:
        globals: The notebook's names, with twins in place of its plain functions.

    Args:
        names: What the cell reads.
        namespace: The notebook's namespace; it is not changed.
    """

    def __init__(self, names: Iterable[str], namespace: dict[str, object]) -> None:
        self.globals = dict(namespace)
        self._namespace = namespace
        self._made: dict[FunctionType, object] = {}
        for name, value in reached(names, namespace):
            self.globals[name] = self._of(value)

    @property
    def functions(self) -> tuple[FunctionType, ...]:
        """The functions that have a twin."""
        return tuple(self._made)

    def _of(self, value: object) -> object:
        """The twin of a plain function of the notebook; any other value as it is."""
        if not isinstance(value, FunctionType) or value.__globals__ is not self._namespace:
            return value
        if value not in self._made:
            self._made[value] = value  # a closure may hold the function itself
            self._made[value] = numba.njit(self._copy(value))
        return self._made[value]

    def _copy(self, function: FunctionType) -> FunctionType:
        closure = tuple(self._cell(cell) for cell in function.__closure__ or ())
        copy = FunctionType(
            function.__code__, self.globals, function.__name__, function.__defaults__, closure
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
        return copy

    def _cell(self, cell: CellType) -> CellType:
        try:
            return CellType(self._of(cell.cell_contents))
        except ValueError:  # a variable that has no value yet
            return CellType()
