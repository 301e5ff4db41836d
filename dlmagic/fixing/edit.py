"""Replacing statements in a text without touching anything else in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """A change of a text.

    Attributes:
        start: First line that is replaced, counted from 1.
        end: Last line that is replaced; one less than ``start`` where lines are only added.
        code: The lines in their place, without indentation; empty where they go away.
        moved_to_end: A statement that is added below the last line, or an empty text.
    """

    start: int
    end: int
    code: str
    moved_to_end: str = ""

    def apply(self, text: str) -> str:
        """The text with this change; line breaks and all other lines stay."""
        lines = text.split("\n")
        first = lines[self.start - 1] if self.start <= len(lines) else ""
        indent = first[: len(first) - len(first.lstrip())]
        new = [indent + line if line else line for line in self.code.split("\n") if self.code]
        changed = [*lines[: self.start - 1], *new, *lines[self.end :]]
        if self.moved_to_end:
            changed = [*_without_blank_end(changed), self.moved_to_end]
        return "\n".join(changed)


def _without_blank_end(lines: Sequence[str]) -> list[str]:
    kept = list(lines)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def replacing(statement: ast.stmt, code: str) -> Edit:
    """The edit that puts other code in place of a statement."""
    return Edit(statement.lineno, statement.end_lineno or statement.lineno, code)


def statement_at(tree: ast.Module, line: int) -> ast.stmt | None:
    """The innermost statement that contains a line; of a compound one, the head counts as it."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(around, key=lambda node: node.lineno, default=None)


def block_of(tree: ast.Module, statement: ast.stmt) -> list[ast.stmt]:
    """The list of statements that a statement stands in."""
    return next(block for block in _blocks(tree) if statement in block)


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block
