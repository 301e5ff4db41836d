"""What the standard output can show: how wide it is, and which characters its encoding has.

Most have UTF-8 and 80 columns. A text that cannot be encoded would end in an error instead of being
printed, so its characters are spelled in others there.
"""

from __future__ import annotations

import os
import sys
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from rich.cells import cell_len

from dlmagic.display.parts import printable

WIDTH = 80
_NARROWEST = 40

_PLAIN = {
    "…": "...",
    "–": "-",
    "×": "x",
    "·": ".",
    "°": "deg ",
    "±": "+/-",
    "≤": "<=",
    "≈": "~",
    "∂": "d",
    "µ": "u",
    "\xa0": " ",
    "\u202f": " ",
    "─": "-",
    "━": "-",
    "│": "|",
    "├": "|",
    "└": "`",
    **dict(zip("▁▂▃▄▅▆▇█", "_.:-=+*#", strict=True)),
}
"""The characters that views use, in ASCII."""

_Part = TypeVar("_Part")


def page_width() -> int:
    """Columns of a page: those of the terminal, of which a wide one gets no more than 80.

    What is not written to a terminal, but kept in a notebook or a file, is as wide everywhere.
    """
    try:
        # That of a kernel has the descriptor of the terminal in which its server was started.
        there = sys.stdout.isatty()
        found = os.get_terminal_size(sys.stdout.fileno()).columns if there else 0
    except (AttributeError, OSError, ValueError):  # there is none
        return WIDTH
    return min(WIDTH, max(found, _NARROWEST)) if found else WIDTH


class Alphabet(dict[int, str]):
    """For :meth:`str.translate`: what is written for a character.

    Args:
        encoding: What the text is going to be encoded in; that of the standard output by default.
    """

    def __init__(self, encoding: str | None = None) -> None:
        super().__init__()
        self._encoding = encoding or getattr(sys.stdout, "encoding", None) or "utf-8"

    @property
    def is_complete(self) -> bool:
        """Whether it has every character."""
        return self._encoding.lower().replace("-", "").startswith("utf")

    def __missing__(self, code: int) -> str:
        character = chr(code)
        try:
            character.encode(self._encoding)
        except UnicodeEncodeError:
            character = _PLAIN.get(character, "?" * cell_len(character))
        self[code] = character
        return character


def spelled(part: _Part, alphabet: Alphabet) -> _Part:
    """A part of a document, or a text, in the characters of an alphabet."""
    match part:
        case str():
            return printable(part).translate(alphabet)  # type: ignore[return-value]
        case tuple():
            return tuple(spelled(each, alphabet) for each in part)  # type: ignore[return-value]
    if is_dataclass(part) and not isinstance(part, type):
        names = [each.name for each in fields(part)]
        changed = {name: spelled(getattr(part, name), alphabet) for name in names}
        return replace(part, **changed)
    return part
