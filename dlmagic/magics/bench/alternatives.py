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
_TWO_WORDS = re.compile(r"#\s*---\s+(?P<name>\w[\w ]*\w)\s*$")


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
    comments = _comments(source.python)
    headings = [(line, match["name"]) for line, text in comments if (match := _HEADING.match(text))]
    if headings:
        _refuse_two_words(comments)
    else:
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


def _refuse_two_words(comments: list[tuple[int, str]]) -> None:
    """Among headings, one whose name has a space would be taken for a remark."""
    for line, text in comments:
        match = _TWO_WORDS.match(text)
        if match and " " in match["name"]:
            raise CellError(
                f"Line {line} names an alternative with a space in it.",
                f"Write: # --- {match['name'].replace(' ', '-')}",
            )


def _comments(python: str) -> list[tuple[int, str]]:
    """Line and text of each comment that has a line of its own, from the first column on."""
    found: list[tuple[int, str]] = []
    try:
        found.extend(
            (token.start[0], token.string)
            for token in tokenize.generate_tokens(io.StringIO(python).readline)
            if token.type == tokenize.COMMENT and token.start[1] == 0
        )
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
