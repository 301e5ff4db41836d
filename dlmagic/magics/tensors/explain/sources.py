"""The code of the user's cells, and where in it a class or a function was written."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlmagic.magics.tensors.explain.sites import NameOfCell, Place, Site, parsed

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Code:
    """One cell, or one file of the user's.

    Attributes:
        cell: What the user calls it.
        file: Its name in tracebacks.
        tree: Its statements.
    """

    cell: str
    file: str
    tree: ast.Module = field(repr=False)

    def place(self, node: ast.AST) -> Place:
        """The line on which a piece of it begins."""
        return place_of(self.cell, self.file, getattr(node, "lineno", 1))


def place_of(cell: str, file: str, line: int) -> Place:
    """A line of a file."""
    return Place(cell, file, line, linecache.getline(file, line).strip())


def codes(name_of_cell: NameOfCell, containing: str) -> Iterator[Code]:
    """The user's cells in which a text stands, the newest first."""
    for file, entry in reversed(list(linecache.cache.items())):
        if len(entry) < 3 or not any(containing in line for line in entry[2]):
            continue
        cell = name_of_cell(file)
        code = code_of(file, cell) if cell is not None else None
        if code is not None:
            yield code


def codes_beside(file: str, name_of_cell: NameOfCell, containing: str) -> Iterator[Code]:
    """Code with the same variables as that of a file: all cells for a cell, else the file alone."""
    for code in codes(name_of_cell, containing):
        if code.file == file or (_is_a_cell(code.file) and _is_a_cell(file)):
            yield code


def _is_a_cell(file: str) -> bool:
    """Whether lines are kept of what is no file, as IPython does for its cells."""
    entry = linecache.cache.get(file, ())
    return len(entry) > 1 and entry[1] is None


def code_of(file: str, cell: str) -> Code | None:
    """The code of a file; None where it is not Python."""
    tree = parsed("".join(linecache.getlines(file)))
    return None if tree is None else Code(cell, file, tree)


def function_around(site: Site) -> Function | None:
    """The function that was running at a place."""
    code = code_of(site.file, site.cell)
    return function_at(code.tree, site.line) if code is not None else None


def function_at(tree: ast.Module, line: int) -> Function | None:
    """The innermost function that a line belongs to."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, Function) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(found, key=lambda node: node.lineno, default=None)
