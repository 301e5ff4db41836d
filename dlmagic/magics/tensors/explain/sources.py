"""The code of the user's cells: where a name got its value, and where a class was written."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.sites import NameOfCell, Place, Site, parsed

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


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


@dataclass(frozen=True)
class Origin:
    """Where a name got its value.

    Attributes:
        place: The line.
        value: The expression.
        statement: The whole assignment.
    """

    place: Place
    value: ast.expr
    statement: ast.stmt


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


def code_of(file: str, cell: str) -> Code | None:
    """The code of a file; None where it is not Python."""
    tree = parsed("".join(linecache.getlines(file)))
    return None if tree is None else Code(cell, file, tree)


def function_around(site: Site) -> _Function | None:
    """The function that was running at a place."""
    code = code_of(site.file, site.cell)
    return function_at(code.tree, site.line) if code is not None else None


def function_at(tree: ast.Module, line: int) -> _Function | None:
    """The innermost function that a line belongs to."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, _Function) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(found, key=lambda node: node.lineno, default=None)


def origin_of(name: str, site: Site, failure: Failure) -> Origin | None:
    """The last assignment to a name before the failure, in its function or the user's cells."""
    here = code_of(site.file, site.cell)
    around = function_around(site)
    if here is not None:
        found = [each for each in _assigned(around or here.tree, name) if _before(each, site)]
        if found:
            return _origin(here, found[-1], name)
    if around is not None and name in site.frame.f_code.co_varnames:
        return None
    for code in codes(failure.name_of_cell, name):
        elsewhere = [] if code.file == site.file and not around else _assigned(code.tree, name)
        if elsewhere:
            return _origin(code, elsewhere[-1], name)
    return None


def came_from(name: str, failure: Failure) -> Origin | None:
    """Where a name of the failed line got its value: a line before it, or the call's argument."""
    site = failure.site
    if site is None:
        return None
    found = origin_of(name, site, failure)
    function = function_around(site)
    if found is not None or function is None or len(failure.sites) < 2:
        return found
    outer = failure.sites[-2]
    names = [each.arg for each in function.args.args if each.arg != "self"]
    given = outer.node.args if isinstance(outer.node, ast.Call) else []
    if name not in names or len(given) <= names.index(name) or outer.statement is None:
        return None
    return Origin(outer, given[names.index(name)], outer.statement)


def _before(statement: ast.Assign, site: Site) -> bool:
    """Whether a statement ran before the failed one, as far as the order of lines tells."""
    own = site.statement is not None and statement.lineno == site.statement.lineno
    return statement.lineno < site.line and not own


def _origin(code: Code, statement: ast.Assign, name: str) -> Origin:
    values = [_given(target, statement.value, name) for target in statement.targets]
    value = next(each for each in values if each is not None)
    return Origin(code.place(statement), value, statement)


def _assigned(scope: ast.AST, name: str) -> list[ast.Assign]:
    """Assignments to a name (or ``self.name``) in a scope, without those of scopes within."""
    return [
        node
        for node in inside(scope)
        if isinstance(node, ast.Assign)
        and any(_given(target, node.value, name) is not None for target in node.targets)
    ]


def _given(target: ast.expr, value: ast.expr, name: str) -> ast.expr | None:
    """What a target gives to a name: all of the value, or a part of it as in ``a, b = pair``."""
    if isinstance(target, ast.Starred):
        target = target.value
    if not isinstance(target, ast.Tuple | ast.List):
        return value if ast.unparse(target) == name else None
    found = (_given(each, _part(value, k, target), name) for k, each in enumerate(target.elts))
    return next((each for each in found if each is not None), None)


def _part(value: ast.expr, position: int, target: ast.Tuple | ast.List) -> ast.expr:
    """The part of a value for one of several targets; by its index where it is not written out."""
    written = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    starred = any(isinstance(each, ast.Starred) for each in (*written, *target.elts))
    if len(written) == len(target.elts) and not starred:
        return written[position]
    part = ast.Subscript(value, ast.Constant(position), ast.Load())
    return ast.copy_location(part, value)


def inside(scope: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope in their order, without those of functions and classes within it."""
    for child in ast.iter_child_nodes(scope):
        if isinstance(child, _SCOPES):
            continue
        yield child
        yield from inside(child)
