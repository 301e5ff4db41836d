"""Whether a sweep of a name can have an effect on a cell, told before anything has run."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping, Sequence

import numpy as np

from dlmagic.cell.flow import analyse
from dlmagic.cell.function import CellFunction
from dlmagic.cell.global_names import helpers_of, of_code
from dlmagic.errors import OptionError, nearest
from dlmagic.magics.bench.sweep.values import SweepValues, kind_of, type_of

Statements = Sequence[ast.stmt]

_LITERALS = ("number", "bool", "str", "tuple", "list", "NoneType")


def require_fitting_type(sweep: SweepValues, namespace: Mapping[str, object]) -> None:
    """Refuse values of another type than the name has now.

    Raises:
        OptionError: It has a value of another type.
    """
    bound = namespace.get(sweep.name)
    if bound is None or _kind(bound) == kind_of(sweep.values[0]):
        return
    raise OptionError(
        f"{sweep.name} is {type_of(bound)} now, and {sweep.texts[0]} is"
        f" {type_of(sweep.values[0])}.",
        f"Give values of its own type, or take the old one away first: del {sweep.name}",
    )


def require_effect(name: str, setup: CellFunction | None, blocks: Sequence[CellFunction]) -> None:
    """Refuse a sweep of a name that the cell does not read, or assigns before it reads it.

    Names in the functions of the notebook that the cell calls count as well.

    Args:
        name: The name.
        setup: The set-up, if there is any.
        blocks: The alternatives, or the one cell.

    Raises:
        OptionError: No alternative, nor the set-up, would notice.
    """
    parts = [*([setup] if setup else []), *blocks]
    if any(part.layout.as_module for part in parts):
        return  # it reaches for names by text, so nobody can know
    before = _statements(setup) if setup else []
    namespace = blocks[0].namespace
    paths = [[*before, *_statements(block)] for block in blocks]
    if any(_is_read(name, path, namespace) for path in paths):
        return
    lines = [line for path in paths if (line := _first_binding(name, path)[1])]
    if lines:
        raise OptionError(
            f"Line {min(lines)} assigns {name} before the cell reads it, so the sweep would"
            " have no effect.",
            "Take that line out.",
        )
    raise OptionError(
        f"The cell does not read {name}, so the sweep would have no effect.",
        nearest(name, _candidates(paths, namespace)),
    )


def _statements(cell: CellFunction) -> list[ast.stmt]:
    """All of a cell, in the order of its lines."""
    return sorted(cell.layout.all_statements, key=lambda node: (node.lineno, node.col_offset))


def _is_read(name: str, path: Statements, namespace: dict[str, object]) -> bool:
    """Whether a run of statements can read the value that a name has before it."""
    if name in analyse(path).exposed:
        return True
    place, _ = _first_binding(name, path)
    return name in _read_later(path[:place], namespace)


def _read_later(path: Statements, namespace: dict[str, object]) -> set[str]:
    """Names that functions read: those that statements define, and those that they can call."""
    flow = analyse(path)
    called = helpers_of({*flow.reads, *flow.lazy.loads}, namespace)
    return set(flow.lazy.loads).union(*(of_code(each.__code__).loads for each in called))


def _first_binding(name: str, path: Statements) -> tuple[int, int | None]:
    """Which statement binds a name first, and its line; past the end where none does."""
    for place, statement in enumerate(path):
        if name in analyse([statement]).writes:
            return place, _line_of_binding(name, statement)
    return len(path), None


def _line_of_binding(name: str, statement: ast.stmt) -> int:
    named = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
    lines = [n.lineno for n in named if n.id == name and isinstance(n.ctx, ast.Store)]
    return min(lines, default=statement.lineno)


def _candidates(paths: Sequence[Statements], namespace: dict[str, object]) -> list[str]:
    """Names that the cell reads and that a sweep could bind."""
    read = (name for path in paths for name in _all_read(path, namespace))
    return [
        name
        for name in dict.fromkeys(read)
        if (_kind(namespace[name]) in _LITERALS if name in namespace else not _is_builtin(name))
    ]


def _all_read(path: Statements, namespace: dict[str, object]) -> list[str]:
    return [*analyse(path).reads, *sorted(_read_later(path, namespace))]


def _is_builtin(name: str) -> bool:
    return hasattr(builtins, name)


def _kind(value: object) -> str:
    """The kind of what a name is bound to; NumPy's numbers are numbers as well."""
    return "number" if isinstance(value, np.number) else kind_of(value)
