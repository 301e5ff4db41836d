"""What was compiled for a cell, kept for when a cell of the same text is run again.

Each run of a cell makes new code, which every compiler takes for a new function: what it knows
of the last run, and so every recompilation, would be lost.
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

from dlmagic.cell.function import CellFunction
from dlmagic.cell.global_names import helpers_of, of_code
from dlmagic.frameworks.description import told

if TYPE_CHECKING:
    from dlmagic.magics.graphmode.capture import CompiledCell

_MOST = 32  # cells; each keeps its graphs alive, and those their constants


class KeptGraphs:
    """The compiled cells of one shell, those used last."""

    def __init__(self) -> None:
        self._cells: OrderedDict[tuple[object, ...], CompiledCell] = OrderedDict()

    def find(self, key: tuple[object, ...]) -> CompiledCell | None:
        """What was compiled under this key, or None."""
        if key in self._cells:
            self._cells.move_to_end(key)
        return self._cells.get(key)

    def keep(self, key: tuple[object, ...], compiled: CompiledCell) -> None:
        """Keep it, and forget what was used least recently."""
        self._cells[key] = compiled
        self._cells.move_to_end(key)
        while len(self._cells) > _MOST:
            self._cells.popitem(last=False)

    def forget(self) -> None:
        """Let everything go."""
        self._cells.clear()


def key_of(mode: str, text: str, cell: CellFunction) -> tuple[object, ...]:
    """What a compiled cell is kept under: what a later run must have in common with it.

    A graph holds the functions that the cell called when it was made. Where one of them has
    been defined anew since, in whichever cell, it is a graph of something else.
    """
    return (mode, text, cell.parameters, frozenset(_code_called(cell)))


def _code_called(cell: CellFunction) -> Iterator[tuple[str, CodeType]]:
    """The code of the functions of other cells that a cell can call, each with its file."""
    waiting, seen = [*cell.reads], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for function in (*helpers_of([name], cell.namespace), *_decorated(name, cell)):
            waiting += of_code(function.__code__).loads
            if function.__code__.co_filename != cell.source.filename:
                yield function.__code__.co_filename, function.__code__


def _decorated(name: str, cell: CellFunction) -> Iterator[FunctionType]:
    """The notebook's function behind what ``jax.jit``, ``tf.function`` and the like made of it."""
    value = cell.namespace.get(name)
    inner = told(lambda: inspect.unwrap(value)) if callable(value) else None
    if isinstance(inner, FunctionType) and inner.__globals__ is cell.namespace:
        yield inner
