"""Globals and closure values that functions read, and that a graph may keep for good."""

from __future__ import annotations

import dis
from dataclasses import dataclass
from types import CellType, CodeType
from typing import Any

from dlmagic.cell.function import CellFunction
from dlmagic.cell.global_names import helpers_of
from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.outside import Place, read_by
from dlmagic.magics.graphmode.changed_inputs import is_number

KEEPING = ("trace", "export", "graph", "xla", "jit", "njit")
"""Modes that look at a global only while they make a graph."""
_READING = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF")
_KEEPING_ARRAYS = ("trace", "export", "njit")
"""Those of them that make no input of an array that a function reads."""


@dataclass(frozen=True)
class KeptValue:
    """A value that a function reads from outside.

    Attributes:
        function: The function's name.
        place: Where the value stands.
        frame: The line that reads it.
    """

    function: str
    place: Place
    frame: Frame

    @property
    def is_global(self) -> bool:
        """Whether it is a name of the notebook, rather than one of a closure."""
        return not isinstance(self.place.holder, CellType)

    def changed(self) -> object:
        """Another value of the same kind."""
        value: Any = self.place.read()
        return not value if isinstance(value, bool) else value * 2 + 1


def kept_values(cell: CellFunction, mode: str) -> list[KeptValue]:
    """The numbers, and where they are no inputs the arrays, that a cell's functions read.

    Names in capitals are constants by custom, and a graph may keep them.
    """
    if mode not in KEEPING:
        return []
    arrays = mode in _KEEPING_ARRAYS
    found: dict[tuple[str, int], KeptValue] = {}
    for function in helpers_of(cell.reads, cell.namespace):
        for place in read_by(function, cell.namespace):
            line = _line_reading(place.name, function.__code__)
            own = place.name in (*cell.parameters, *cell.outputs, *cell.shared)
            if line is None or own or place.name.isupper() or not _may_change(place.read(), arrays):
                continue
            frame = Frame(function.__code__.co_filename, line, function.__name__)
            kept = KeptValue(function.__name__, place, frame)
            found.setdefault((place.name, id(place.holder)), kept)
    return list(found.values())


def _may_change(value: object, arrays: bool) -> bool:
    if is_number(value):
        return True
    kind = str(getattr(value, "dtype", ""))
    return arrays and hasattr(value, "shape") and ("float" in kind or "int" in kind)


def _line_reading(name: str, code: CodeType) -> int | None:
    """The first line of a function that reads a name from outside."""
    for instruction in dis.get_instructions(code):
        if instruction.argval == name and instruction.opname in _READING:
            return instruction.positions.lineno if instruction.positions else None
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    return next(filter(None, (_line_reading(name, part) for part in inner)), None)
