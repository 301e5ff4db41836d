"""Functions from other cells that a cell calls: their source, and mended ones in their place."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType

from dlmagic.cell.function import CellFunction
from dlmagic.cell.global_names import helpers_of
from dlmagic.cell.source import register_text

NameOfCell = Callable[[str], str | None]


@dataclass(frozen=True)
class OtherCell:
    """A cell that holds functions which the cell under inspection calls.

    Attributes:
        name: What the user calls it, such as ``"Cell In[3]"``.
        file: Its file name in tracebacks.
        source: Its text as Python, with the user's line numbers.
    """

    name: str
    file: str
    source: str

    def with_function(
        self, mended: str, line: int, namespace: dict[str, object]
    ) -> dict[str, object] | None:
        """A copy of the notebook's names in which a mended function stands.

        Args:
            mended: The text with a line changed.
            line: That line.
            namespace: The notebook's names, which stay as they are.

        Returns:
            None where the line is in no function of the notebook: it may be in a class.
        """
        names = [each.name for each in _functions(self.source) if _covers(each, line)]
        known = namespace.get(names[0]) if names else None
        if not isinstance(known, FunctionType) or known.__code__.co_filename != self.file:
            return None
        (definition,) = [each for each in _functions(mended) if each.name == names[0]][-1:]
        copy = with_functions_of_its_own(namespace)
        code = compile(ast.Module([definition], []), register_text(mended), "exec")
        exec(code, copy)
        return copy


def other_cells(cell: CellFunction, name_of_cell: NameOfCell) -> Iterator[OtherCell]:
    """The user's other cells and files whose functions a cell calls."""
    functions = helpers_of(cell.reads, cell.namespace)
    files = dict.fromkeys(function.__code__.co_filename for function in functions)
    for file in files:
        name = name_of_cell(file) if file != cell.source.filename else None
        if name is not None:
            yield OtherCell(name, file, _as_python(linecache.getlines(file)))


def with_functions_of_its_own(namespace: dict[str, object]) -> dict[str, object]:
    """A copy of a namespace whose functions look names up in the copy."""
    copy = dict(namespace)
    for name, value in namespace.items():
        if isinstance(value, FunctionType) and value.__globals__ is namespace:
            copy[name] = _rebound(value, copy)
    return copy


def _rebound(function: FunctionType, names: dict[str, object]) -> FunctionType:
    copy = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__, copy.__module__ = function.__qualname__, function.__module__
    copy.__dict__.update(function.__dict__)
    return copy


def _as_python(lines: list[str]) -> str:
    """The text of a cell without its magic line; empty where the rest is no plain Python."""
    text = "".join("\n" if line.startswith("%%") else line for line in lines)
    try:
        ast.parse(text)
    except SyntaxError:
        return ""
    return text


def _functions(text: str) -> list[ast.FunctionDef]:
    return [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]


def _covers(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)
