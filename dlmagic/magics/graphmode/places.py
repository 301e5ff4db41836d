"""From a stack of code to the line that the user can change."""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlmagic.cell.source import is_of_dlmagic
from dlmagic.frameworks.captured import Frame

_CALL_OF_MAGIC = "get_ipython().run_"
"""What IPython makes of a line of the user's that calls a magic."""
_FIRST_NAME = re.compile(r"[.\[]")


@dataclass(frozen=True)
class Place:
    """A line of the user's code.

    Attributes:
        cell: What the user calls the code, such as ``"Cell In[3]"``; None for the cell that is
            inspected.
        line: Counted from 1.
        source: The text of the line.
    """

    cell: str | None
    line: int | None
    source: str | None


@dataclass(frozen=True)
class Places:
    """Knows which code is the user's.

    Attributes:
        filename: Of the cell that is inspected.
        name_of_cell: What the user calls the code of a file; None for code of others.
        compiled: Where the graph has its lines: in an earlier run of the same cell, if that made
            it; an empty text where it was made now.
    """

    filename: str
    name_of_cell: Callable[[str], str | None]
    compiled: str = ""

    def of(self, frames: Sequence[Frame]) -> Place:
        """The innermost line of the user's own code, in this cell or in another.

        What called dlmagic is not looked at: a script that runs cells is the user's, too.
        """
        for frame in reversed(frames):
            if is_of_dlmagic(frame.file):
                break
            inspected = frame.file in (self.filename, self.compiled)
            name = None if inspected else self.name_of_cell(frame.file)
            if name is not None and (_line(frame) or "").startswith(_CALL_OF_MAGIC):
                continue
            if inspected or name is not None:
                return Place(name, frame.line, _line(frame))
        return Place(None, None, None)

    def naming(self, name: str, place: Place) -> Place:
        """The line itself if it names a variable, else the first line of the cell that does."""
        word = re.compile(rf"\b{re.escape(_FIRST_NAME.split(name)[0])}\b")
        if place.cell is not None or word.search(place.source or ""):
            return place
        for number, line in enumerate(linecache.getlines(self.filename), 1):
            if word.search(line) and not line.startswith("%%"):
                return Place(None, number, line.strip())
        return place


def _line(frame: Frame) -> str | None:
    return linecache.getline(frame.file, frame.line).strip() or None
