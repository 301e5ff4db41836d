"""From a tensor, or from a cell that makes one, to the graph behind it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.errors import InputError, nearest
from dlmagic.magics.graphmode.autograd.result import AutogradGraph
from dlmagic.magics.graphmode.places import Places

NameOfCell = Callable[[str], str | None]
_THERE_BEFORE = (
    "Lines and values of the steps in between are not known: the graph was there before. "
    "%%autograd above the cell that makes it records them."
)


@dataclass(frozen=True)
class Drawn:
    """The graph of a cell, and the value of its last expression.

    Attributes:
        graph: The graph.
        last: The value, or None.
    """

    graph: AutogradGraph
    last: object


def graph_of_name(
    name: str, namespace: Mapping[str, object], name_of_cell: NameOfCell
) -> AutogradGraph:
    """The graph behind a tensor that exists already.

    Raises:
        InputError: There is no such name, or no graph behind it; the reason is said.
    """
    if name not in namespace:
        tensors = [each for each, value in namespace.items() if hasattr(value, "grad_fn")]
        raise InputError(f"There is no {name}.", nearest(name, tensors))
    frameworks = _of_torch()
    value = namespace[name]
    reason = frameworks.why_without(value)
    if reason is not None:
        raise InputError(f"{name} {reason[0]}", reason[1])
    found = frameworks.Target(name, value)
    places = Places("", name_of_cell)
    graph: AutogradGraph = frameworks.graph_of(found, namespace, places, None, (_THERE_BEFORE,))
    return graph


def graph_of_cell(
    source: CellSource, namespace: dict[str, object], name_of_cell: NameOfCell
) -> Drawn:
    """Run a cell and draw the graph behind its last value, or behind the last tensor it assigns.

    Raises:
        SyntaxError: At the user's line.
        InputError: The cell makes no tensor with a graph; which cut is to blame is said.
        BaseException: What the cell raises.
    """
    frameworks = _of_torch()
    cell = compile_cell(source, namespace)
    with frameworks.recording(source.filename) as recorder:
        last = cell.commit()
    assigned = [(name, namespace[name]) for name in cell.outputs if name in namespace]
    found = frameworks.target(assigned, last)
    if found is None:
        recorder.remove_hooks()
        why = frameworks.why_none(recorder)
        raise InputError("The cell has run, and makes no tensor with a graph.", why)
    places = Places(source.filename, name_of_cell)
    return Drawn(frameworks.graph_of(found, namespace, places, recorder), last)


def _of_torch() -> Any:
    """PyTorch's part of this room.

    Raises:
        InputError: PyTorch is not imported, so there can be no graph of its.
    """
    if "torch" not in sys.modules:
        raise InputError("autograd draws graphs of PyTorch, which is not imported.")
    return import_module("dlmagic.magics.graphmode.autograd.torch")
