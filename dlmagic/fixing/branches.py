"""A branch on a tensor's value, written as a choice between two results."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from dlmagic.fixing.edit import Edit, block_of, replacing


def choose_instead_of_branching(tree: ast.Module, statement: ast.stmt, where: str) -> Edit | None:
    """Rewrite ``if test: y = a else: y = b`` to ``y = where(test, a, b)``.

    Also without ``else``, with ``return`` in place of the assignment, with ``+=`` and its like,
    and ``a if test else b`` in an assignment or a ``return``.

    Args:
        tree: The cell.
        statement: The branch.
        where: The function that chooses, such as ``"torch.where"``.

    Returns:
        None where both sides do more than to give one name, or the same names, a value.
    """
    if isinstance(statement, ast.If):
        return _of_assignments(statement, where) or _of_returns(tree, statement, where)
    if isinstance(statement, ast.Assign | ast.Return) and isinstance(statement.value, ast.IfExp):
        choice = statement.value
        value = _where(where, choice.test, choice.body, choice.orelse)
        return replacing(statement, _with_value(statement, value))
    return None


def _of_assignments(branch: ast.If, where: str) -> Edit | None:
    yes = [_assignment(each) for each in branch.body]
    no = [_assignment(each) for each in branch.orelse]
    if None in yes or None in no or not yes:
        return None
    chosen = dict(filter(None, yes))
    other = dict(filter(None, no))
    if len(chosen) < len(yes) or len(other) < len(no):
        return None
    names = list(dict.fromkeys([*chosen, *other]))
    values = [*chosen.values(), *other.values(), branch.test]
    if len(names) > 1 and any(_reads(value, names) for value in values):
        return None  # each line would see what the one before it has assigned
    lines = [
        f"{name} = {_where(where, branch.test, *_sides(name, chosen, other))}" for name in names
    ]
    return replacing(branch, "\n".join(lines))


def _reads(value: ast.expr, names: Sequence[str]) -> bool:
    return any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(value))


def _sides(
    name: str, chosen: dict[str, ast.expr], other: dict[str, ast.expr]
) -> tuple[ast.expr, ast.expr]:
    kept = ast.Name(name, ast.Load())
    return chosen.get(name, kept), other.get(name, kept)


def _assignment(statement: ast.stmt) -> tuple[str, ast.expr] | None:
    """The name and the value of ``name = value`` or ``name += value``."""
    match statement:
        case ast.Assign([ast.Name(name)], value):
            return name, value
        case ast.AugAssign(ast.Name(name), operator, value):
            return name, ast.BinOp(ast.Name(name, ast.Load()), operator, value)
        case _:
            return None


def _of_returns(tree: ast.Module, branch: ast.If, where: str) -> Edit | None:
    """``if test: return a`` and a ``return b`` behind it, or in its ``else``."""
    block = block_of(tree, branch)
    behind = block[block.index(branch) + 1 :][:1]
    no = branch.orelse or behind
    match branch.body, no:
        case [ast.Return(ast.expr() as yes)], [ast.Return(ast.expr() as other)]:
            end = no[0].end_lineno or no[0].lineno
            return Edit(branch.lineno, end, f"return {_where(where, branch.test, yes, other)}")
        case _:
            return None


def _where(where: str, test: ast.expr, yes: ast.expr, no: ast.expr) -> str:
    return f"{where}({', '.join(map(ast.unparse, (test, yes, no)))})"


def _with_value(statement: ast.Assign | ast.Return, value: str) -> str:
    if isinstance(statement, ast.Return):
        return f"return {value}"
    return f"{' = '.join(map(ast.unparse, statement.targets))} = {value}"
