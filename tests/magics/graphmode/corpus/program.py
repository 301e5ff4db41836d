"""A small program with what a graph does to it, and how a table of them is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

SETUP = "setup.py"
"""The file that the cells before a program stand in."""

Found = tuple[str, str | None, int | None]
"""Kind, file and line of a finding; no file where it is in the cell itself."""


@dataclass(frozen=True)
class Program:
    """One program.

    Attributes:
        setup: Cells that come before it.
        mode: The graph mode.
        text: The cell.
        found: Everything that must be found; nothing else may be.
        fixable: Whether a rewrite that the catalogue knows mends it.
        calls: What its name is bound to in further calls, or None.
    """

    setup: str
    mode: str
    text: str
    found: frozenset[Found] = frozenset()
    fixable: bool = False
    calls: str | None = None


def programs(setup: str, mode: str, table: str) -> list[Program]:
    """Programs from a text.

    Above each cell stands a line ``=== kind@line kind@line [fix] [calls n=1,2]``. A line may be
    given from where a function of the setup begins: ``kind@helper+1``.
    """
    made = []
    for part in table.strip().split("=== ")[1:]:
        head, _, text = part.partition("\n")
        marks, _, calls = head.partition(" calls ")
        words = marks.split()
        found = {_finding(word, setup) for word in words if "@" in word}
        made.append(
            Program(setup, mode, text.rstrip("\n"), frozenset(found), "fix" in words, calls or None)
        )
    return made


def some_of_each_kind(programs: list[Program], of: int) -> list[Program]:
    """One of so many of each kind, the first included: same mode, findings, and further calls."""
    numbers: Counter[object] = Counter()
    chosen = []
    for each in programs:
        kinds = frozenset(kind for kind, _, _ in each.found)
        alike = (each.mode, kinds, each.fixable, bool(each.calls))
        if numbers[alike] % of == 0:
            chosen.append(each)
        numbers[alike] += 1
    return chosen


def _finding(word: str, setup: str) -> Found:
    kind, _, line = word.partition("@")
    function, plus, below = line.partition("+")
    if plus:
        lines = setup.split("\n")
        begin = next(k for k, each in enumerate(lines, 1) if f"def {function}(" in each)
        return kind, SETUP, begin + int(below)
    return kind, None, int(line) if line != "-" else None
