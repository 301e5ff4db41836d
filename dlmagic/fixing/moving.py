"""Statements that move: below what the cell computes, or out of the cell altogether."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from dlmagic.fixing.edit import Edit, replacing


@dataclass(frozen=True)
class MovedOut:
    """A cell without some of its statements.

    Attributes:
        edits: What takes them out.
        code: The statements, as a cell of their own.
        above: Whether they were the cell's first, so that their own cell comes before it.
    """

    edits: tuple[Edit, ...]
    code: str
    above: bool


def move_to_end(tree: ast.Module, statement: ast.stmt) -> Edit | None:
    """Move a statement at the top of the cell below its last line."""
    if statement not in tree.body or statement is tree.body[-1]:
        return None
    end = statement.end_lineno or statement.lineno
    return Edit(statement.lineno, end, "", moved_to_end=ast.unparse(statement))


def move_out(tree: ast.Module, group: Sequence[ast.stmt]) -> MovedOut | None:
    """Take statements at the top of a cell out of it.

    Args:
        tree: The cell.
        group: The statements, in order.

    Returns:
        None where one stands inside another one or shares its line, or nothing would be left.
    """
    others = [each for each in tree.body if each not in group]
    if not others or not all(each in tree.body for each in group):
        return None
    edits = tuple(replacing(each, "") for each in group)
    taken = {line for edit in edits for line in range(edit.start, edit.end + 1)}
    if any(taken & {each.lineno, each.end_lineno} for each in others):
        return None
    code = "\n".join(map(ast.unparse, group))
    return MovedOut(edits, code, above=list(group) == tree.body[: len(group)])
