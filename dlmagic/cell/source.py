"""The text of a notebook cell, with the line numbers that the user sees.

Everything that reads a cell later (tracebacks, ``inspect``, Dynamo's stacks) counts
lines in the raw cell as the user typed it, magic line included. A
:class:`CellSource` keeps that text beside its Python form, line for line.
"""

from __future__ import annotations

import linecache
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PYTHON = Path(linecache.__file__).parent
_DLMAGIC = Path(__file__).parents[1]


@dataclass(frozen=True)
class CellSource:
    """A cell's text and its Python form; line k of one is line k of the other.

    Attributes:
        text: The cell as the user typed it.
        python: The same lines as Python: a magic line is blank, ``%`` and ``!`` lines are
            calls.
        filename: The name under which ``linecache`` holds ``text``.
        flags: Compiler flags of the notebook, from ``from __future__`` imports so far.
    """

    text: str
    python: str
    filename: str
    flags: int = 0

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        magic: bool = False,
        transform: Callable[[str], str] | None = None,
        register: Callable[[str], str] | None = None,
        flags: int = 0,
    ) -> CellSource:
        """Read a cell.

        Args:
            text: The raw cell.
            magic: Whether line 1 is a magic line and not Python.
            transform: Turns IPython syntax into Python, such as ``shell.transform_cell``.
            register: Puts a text into ``linecache`` and returns the file name for it; by
                default a name made from the text's hash.
            flags: Compiler flags of the notebook.
        """
        _head, body = text.partition("\n")[::2] if magic else ("", text)
        python = _keep_lines(body, transform) if transform else body
        filename = (register or register_text)(text)
        return cls(text, "\n" * bool(magic) + python, filename, flags)

    def line(self, number: int) -> str:
        """The user's line with this number, counted from 1, without its line break."""
        lines = self.text.split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else ""


def register_text(text: str, suffix: str = "") -> str:
    """Let tracebacks and ``inspect`` find a text by a name made from its content.

    Returns:
        The file name, such as ``"<cell 1f0c2a9b>"``.
    """
    digest = f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
    filename = f"<cell {digest}{suffix}>"
    # No modification time: linecache.checkcache then never drops the entry.
    lines = [line + "\n" for line in text.removesuffix("\n").split("\n")]
    linecache.cache[filename] = (len(text), None, lines, filename)
    return filename


def name_of_users_file(file: str) -> str | None:
    """The name of a file of code; None for Python's own, a package's, dlmagic's, or no file."""
    path = Path(file)
    return None if is_of_others(file) or not path.is_file() else path.name


@cache
def is_of_others(file: str) -> bool:
    """Whether a file of code is Python's own, an installed package's, or dlmagic's."""
    path = Path(file)
    installed = {"site-packages", "dist-packages"} & set(path.parts)
    return (
        bool(installed)
        or file.startswith("<frozen ")
        or path.is_relative_to(_PYTHON)
        or (is_of_dlmagic(file))
    )


@cache
def is_of_dlmagic(file: str) -> bool:
    """Whether a file of code is dlmagic's."""
    return Path(file).is_relative_to(_DLMAGIC)


def _keep_lines(body: str, transform: Callable[[str], str]) -> str:
    """Transform a body without losing the blank lines at its top, which IPython drops."""
    lines = body.split("\n")
    blank = 0
    while blank < len(lines) - 1 and not lines[blank].strip():
        blank += 1
    return "\n" * blank + transform("\n".join(lines[blank:]))
