"""What a compiled cell is kept under: its text, and the code of the functions that it calls."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType

from dlmagic.cell.function import CellFunction
from dlmagic.cell.global_names import helpers_of, of_code
from dlmagic.frameworks.description import told


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
