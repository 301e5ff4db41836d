"""``dlmagic.autograd``: the same graph for scripts, tests and other notebooks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from dlmagic.cell.source import CellSource, name_of_users_file
from dlmagic.errors import InputError
from dlmagic.magics.graphmode.autograd.engine import graph_of_cell, graph_of_name, is_tensor
from dlmagic.magics.graphmode.autograd.result import AutogradGraph


def autograd(what: object, *, namespace: Mapping[str, object] | None = None) -> AutogradGraph:
    """The graph behind a tensor, or behind what the text of a cell computes.

    Args:
        what: A tensor with a graph, or the text of a cell, which is run and whose steps are
            recorded.
        namespace: What the text finds, and where the names of tensors are looked up; the
            caller's own names by default, which keep their bindings.

    Raises:
        InputError: There is no graph; the reason is said.
        BaseException: What the cell raises.
    """
    names = dict(_names_of_caller() if namespace is None else namespace)
    if isinstance(what, str):
        made = names if namespace is None or not isinstance(namespace, dict) else namespace
        return graph_of_cell(CellSource.from_text(what), made, name_of_users_file).graph
    name = next((name for name, value in names.items() if value is what), None)
    if name is None and not is_tensor(what):
        raise InputError("autograd() takes a tensor, or the text of a cell.")
    name = name or "the tensor"
    return graph_of_name(name, {**names, name: what}, name_of_users_file)


def _names_of_caller() -> dict[str, object]:
    """A copy of the globals and locals of whoever called :func:`autograd`."""
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    return {**caller.f_globals, **caller.f_locals} if caller else {}
