"""A small program with what a graph does to it, and how a table of them is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes:
        setup: Cells that come before it.
        mode: The graph mode.
        text: The cell.
        found: Kind and line of everything that must be found; nothing else may be.
        fixable: Whether a rewrite that the catalogue knows mends it.
    """

    setup: str
    mode: str
    text: str
    found: frozenset[tuple[str, int | None]] = frozenset()
    fixable: bool = False


def programs(setup: str, mode: str, table: str) -> list[Program]:
    """Programs from a text: a line ``=== kind@line kind@line [fix]`` above each cell."""
    made = []
    for part in table.strip().split("=== ")[1:]:
        head, _, text = part.partition("\n")
        words = head.split()
        found = {_finding(word) for word in words if "@" in word}
        made.append(Program(setup, mode, text.rstrip("\n"), frozenset(found), "fix" in words))
    return made


def _finding(word: str) -> tuple[str, int | None]:
    kind, _, line = word.partition("@")
    return kind, int(line) if line != "-" else None
