"""Statements that keep a loss: ``losses.append(loss)``, ``total += loss`` and the like."""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator

from dlmagic.magics.tensors.silent.calls import is_on, names_in

_ADDS = frozenset({"append", "extend", "add", "appendleft", "insert", "put"})
_DETACHING = frozenset({"item", "detach", "tolist", "data", "float", "numpy", "cpu"})


def sum_at(tree: ast.Module, line: int) -> tuple[ast.stmt, str] | None:
    """The addition on a line, and the name of what it adds to."""
    found = [each for each in _assigning(tree) if is_on(each[0], line)]
    adding = [(statement, name) for statement, name in found if _adds_to(statement, name)]
    candidates = adding or found
    return candidates[0] if len(candidates) == 1 else None


def _assigning(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    """Statements that give one name a value, and the name."""
    for node in ast.walk(tree):
        match node:
            case ast.AugAssign(target) | ast.Assign([target]):
                yield node, ast.unparse(target)
            case _:
                continue


def _adds_to(statement: ast.stmt, name: str) -> bool:
    """Whether a statement of a line with several adds to its name: the others only bind theirs."""
    match statement:
        case ast.AugAssign():
            return True
        case ast.Assign(value=value):
            return name in names_in(value)
        case _:
            return False


def with_number(statement: ast.stmt, name: str) -> str | None:
    """The addition with the number alone, or None where it is not clear which part is the loss."""
    changed = copy.deepcopy(statement)
    match changed:
        case ast.AugAssign(op=ast.Add(), value=value):
            changed.value = _item(value)
        case ast.Assign(value=ast.BinOp(left, ast.Add(), right) as total):
            if ast.unparse(left) == name:
                total.right = _item(right)
            elif ast.unparse(right) == name:
                total.left = _item(left)
            else:
                return None
        case _:
            return None
    return ast.unparse(changed)


def kept_at(tree: ast.Module, line: int) -> tuple[ast.stmt, str | None] | None:
    """The statement that keeps what a line computes, and what it is with the number alone."""
    names = _names_for(tree, line)
    found = sorted(_keeping(tree), key=lambda each: each[0].lineno)
    for statement, value in found:
        without = _detached(value)
        nodes = (n for n in ast.walk(value) if isinstance(n, ast.expr) and n not in without)
        loss: ast.expr | None = next((n for n in nodes if ast.unparse(n) in names), None)
        if loss is None and is_on(statement, line) and not without:
            loss = value
        if loss is not None:
            return statement, _replaced(statement, loss)
    others = [statement for statement, value in found if not _detached(value)]
    return (others[0], None) if len(others) == 1 else None


def is_used_for_gradients(tree: ast.Module, name: str) -> bool:
    """Whether the text takes gradients of a value, or of one that is computed from it."""
    names = {name}
    for _ in range(5):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and names_in(node.value) & names:
                names |= {ast.unparse(target) for target in node.targets}
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    taking = [each for each in calls if _name(each.func) in ("backward", "grad")]
    return any(names_in(each) & names for each in taking)


def _keeping(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.expr]]:
    """Statements that put a value into something, and the value, unless that is a number."""
    for node in ast.walk(tree):
        value: ast.expr | None = None
        match node:
            case ast.Expr(ast.Call(ast.Attribute(_, method), [*_, last])) if method in _ADDS:
                value = last
            case ast.Assign([ast.Subscript()], kept):
                value = kept
            case ast.AugAssign(_, ast.Add(), ast.List() | ast.Tuple() as kept):
                value = kept
            case ast.Assign([target], ast.BinOp(left, ast.Add(), ast.List() as kept)):
                value = kept if ast.unparse(left) == ast.unparse(target) else None
            case ast.Assign(_, ast.ListComp(kept) | ast.DictComp(value=kept)):
                value = kept
            case ast.Expr(ast.Yield(kept)) if kept is not None:
                value = kept
            case _:
                continue
        if value is not None:
            yield node, value


def _names_for(tree: ast.Module, line: int) -> Collection[str]:
    """What the result of a line is called, also where it is returned by a function."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_on(node, line):
            found |= {ast.unparse(each) for target in node.targets for each in _each(target)}
        if isinstance(node, ast.FunctionDef) and is_on(node, line):
            calls = (each for each in ast.walk(tree) if isinstance(each, ast.Assign))
            for each in calls:
                if isinstance(each.value, ast.Call) and _name(each.value.func) == node.name:
                    found |= {ast.unparse(one) for target in each.targets for one in _each(target)}
    return found


def _each(target: ast.expr) -> list[ast.expr]:
    return list(target.elts) if isinstance(target, ast.Tuple | ast.List) else [target]


def _detached(value: ast.expr) -> set[ast.AST]:
    """Parts of a value that have no graph: ``loss.item()``, ``float(loss)``."""
    parts = [
        each
        for each in ast.walk(value)
        if (isinstance(each, ast.Attribute) and each.attr in _DETACHING)
        or (isinstance(each, ast.Call) and _name(each.func) in _DETACHING)
    ]
    return {inner for each in parts for inner in ast.walk(each)}


def _name(node: ast.AST) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def _item(value: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(value, "item", ast.Load()), [], [])


def _replaced(statement: ast.stmt, loss: ast.AST) -> str | None:
    """The statement with the loss's number; None where that is no expression by itself."""
    if not isinstance(loss, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        return None
    place = next(k for k, each in enumerate(ast.walk(statement)) if each is loss)

    class Change(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return _item(node) if node is wanted else self.generic_visit(node)  # type: ignore[arg-type]

    changed = copy.deepcopy(statement)
    wanted = list(ast.walk(changed))[place]
    return ast.unparse(Change().visit(changed))
