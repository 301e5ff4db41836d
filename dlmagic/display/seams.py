"""Names of rows that are too long for their table, broken where their parts meet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

_SEAMS = (re.compile(r"(?<=[/:])(?=\w)"), re.compile(r"(?<=[/:_-])(?=\w)"))
"""Between the parts of a path; then between those of a name, too."""


def ways_to_break(names: Sequence[str], room: int) -> Iterator[list[str]]:
    """The names whole, and then in lines that fit, at more and more seams.

    A name that is no longer than what cannot be broken anyway stays whole: breaking it would
    make the column no narrower.

    Args:
        names: Of all rows.
        room: Characters that there are for them.
    """
    yield list(names)
    for seams in _SEAMS:
        parts = [seams.split(name) for name in names]
        longest = max((cell_len(part) for each in parts for part in each), default=0)
        yield ["\n".join(_lines(each, max(room, longest))) for each in parts]


def _lines(parts: Sequence[str], room: int) -> list[str]:
    lines = [parts[0]]
    for part in parts[1:]:
        if cell_len(lines[-1] + part) <= room:
            lines[-1] += part
        else:
            lines.append(part)
    return lines
