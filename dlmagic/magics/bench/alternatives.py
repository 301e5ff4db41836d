"""A cell divided into alternatives by lines of the form ``# --- NAME``."""

from __future__ import annotations

import ast
import dataclasses
import io
import re
import tokenize
from dataclasses import dataclass

from dlmagic.cell.source import CellSource
from dlmagic.errors import CellError

_HEADING = re.compile(r"#\s*---\s+(?P<name>\S+)\s*$")


@dataclass(frozen=True)
class Alternatives:
    """The parts of a cell.

    Attributes:
        setup: The code above the first heading, to be run once and not timed, or None.
        blocks: Each alternative by name; one without a name where the cell has no heading.
    """

    setup: CellSource | None
    blocks: dict[str | None, CellSource]


def divide(source: CellSource) -> Alternatives:
    """Find the alternatives of a cell. Every part keeps the line numbers of the whole.

    Raises:
        CellError: There is nothing to time, an alternative is empty, or two have one name.
    """
    headings = _headings(source.python)
    if not headings:
        _require_code(source, "The cell", "Write the code to time below the magic.")
        return Alternatives(None, {None: source})
    blocks: dict[str | None, CellSource] = {}
    ends = [*(line for line, _ in headings[1:]), None]
    for (line, name), end in zip(headings, ends, strict=True):
        if name in blocks:
            raise CellError(f"Two alternatives are called {name}.", "Give each its own name.")
        blocks[name] = _part(source, line, end)
        _require_code(blocks[name], f"The alternative {name}", "Write code below its heading.")
    before = _part(source, 0, headings[0][0])
    return Alternatives(before if _has_code(before) else None, blocks)


def _headings(python: str) -> list[tuple[int, str]]:
    """Line and name of each heading: a comment of its own at the first column."""
    found: list[tuple[int, str]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(python).readline):
            match = _HEADING.match(token.string) if token.type == tokenize.COMMENT else None
            if match and token.start[1] == 0:
                found.append((token.start[0], match["name"]))
    except (tokenize.TokenError, SyntaxError):
        # The compiler will say what is wrong, with the user's line.
        return found
    return found


def _part(source: CellSource, first: int, end: int | None) -> CellSource:
    """The lines from ``first`` up to, not including, ``end``; all others blank."""
    lines = source.python.split("\n")
    last = len(lines) if end is None else end - 1
    kept = [line if first < number <= last else "" for number, line in enumerate(lines, 1)]
    return dataclasses.replace(source, python="\n".join(kept))


def _has_code(source: CellSource) -> bool:
    try:
        return bool(ast.parse(source.python).body)
    except SyntaxError:
        return True


def _require_code(source: CellSource, what: str, hint: str) -> None:
    if not _has_code(source):
        raise CellError(f"{what} is empty: there is nothing to time.", hint)
