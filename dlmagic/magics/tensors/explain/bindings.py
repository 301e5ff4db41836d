"""Which statements give a name its value, in the order in which they are written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_Target = tuple[ast.expr, ast.expr | None]


@dataclass(frozen=True)
class Binding:
    """One name that a statement gives a value.

    Attributes:
        name: Such as ``"x"``, ``"self.x"`` or ``"x[0]"``.
        value: The expression that it stands for from then on; None where there is none, as in a
            loop or an import.
        node: The statement, or the expression in which it is assigned.
    """

    name: str
    value: ast.expr | None
    node: ast.stmt | ast.expr | ast.ExceptHandler

    @property
    def start(self) -> tuple[int, int]:
        """The line and the column at which it begins."""
        return self.node.lineno, self.node.col_offset


def bindings(scope: ast.AST) -> list[Binding]:
    """What a scope or a block gives values, without scopes within it."""
    nodes = [*([scope] if isinstance(scope, _LOOPS) else []), *_nodes(scope)]
    found = [binding for node in nodes for binding in _of(node)]
    return sorted(found, key=lambda each: each.start)


def inside(scope: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope in their order, without those of functions and classes within it."""
    return (node for node in _nodes(scope) if not isinstance(node, _SCOPES))


def _nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The same, with functions and classes themselves."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, _SCOPES):
            yield from _nodes(child)


def loops_around(scope: ast.AST, line: int) -> list[ast.AST]:
    """The loops of a scope that a line belongs to, the innermost first."""
    found = [each for each in inside(scope) if isinstance(each, _LOOPS) and covers(each, line)]
    return sorted(found, key=lambda each: -getattr(each, "lineno", 0))


def covers(node: ast.AST, line: int) -> bool:
    """Whether a line belongs to a statement."""
    first: int = getattr(node, "lineno", 1)
    last: int | None = getattr(node, "end_lineno", None)
    return first <= line <= (last or first)


def is_of_an_expression(name: str, statement: ast.AST | None) -> bool:
    """Whether a comprehension or a lambda in a statement has such a variable of its own."""
    nodes = ast.walk(statement) if statement is not None else ()
    return any(name in _own_variables(node) for node in nodes)


def _own_variables(node: ast.AST) -> set[str]:
    match node:
        case ast.Lambda(arguments):
            return {each.arg for each in ast.walk(arguments) if isinstance(each, ast.arg)}
        case ast.comprehension(target):
            return {ast.unparse(each) for each in ast.walk(target) if isinstance(each, ast.expr)}
        case _:
            return set()


def _of(node: ast.AST) -> Iterator[Binding]:
    if isinstance(node, ast.stmt | ast.expr | ast.ExceptHandler):
        for target, value in _targets(node):
            for part, given in _parts(target, value):
                yield Binding(ast.unparse(part), given, node)


def _targets(node: ast.AST) -> list[_Target]:
    """Every target of a statement, with what it is given where that is written there."""
    match node:
        case ast.Assign(targets, value):
            return [(each, value) for each in targets]
        case ast.AnnAssign(target, _, value) if value is not None:
            return [(target, value)]
        case ast.NamedExpr(target, value):
            return [(target, value)]
        case ast.AugAssign(target) | ast.For(target) | ast.AsyncFor(target):
            return [(target, None)]
        case ast.With(items) | ast.AsyncWith(items):
            return [(each.optional_vars, None) for each in items if each.optional_vars]
        case ast.Delete(targets):
            return [(each, None) for each in targets]
        case _:
            return [(ast.Name(name, ast.Store()), None) for name in _named(node)]


def _named(node: ast.AST) -> list[str]:
    """Names that a statement gives a value without writing them as an expression."""
    match node:
        case ast.Import(names) | ast.ImportFrom(_, names):
            return [each.asname or each.name.partition(".")[0] for each in names]
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            return [name]
        case ast.ExceptHandler(_, str(name)):
            return [name]
        case _:
            return []


def _parts(target: ast.expr, value: ast.expr | None) -> Iterator[_Target]:
    """The single names of a target, each with its part of the value as in ``a, b = pair``."""
    if isinstance(target, ast.Starred):
        target = target.value
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, value
        return
    for position, each in enumerate(target.elts):
        yield from _parts(each, None if value is None else _part(value, position, target))


def _part(value: ast.expr, position: int, target: ast.Tuple | ast.List) -> ast.expr:
    """The part of a value for one of several targets; by its index where it is not written out."""
    written = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    starred = any(isinstance(each, ast.Starred) for each in (*written, *target.elts))
    if len(written) == len(target.elts) and not starred:
        return written[position]
    part = ast.Subscript(value, ast.Constant(position), ast.Load())
    return ast.copy_location(part, value)
