"""One way to tell a user about a mistake, a risk or a surprise, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "hint"]
Status = Literal["verified", "shape-verified", "unverified"]


@dataclass(frozen=True)
class Fix:
    """What to write instead.

    Attributes:
        text: The change in one sentence.
        code: What to write, in place of the source line or where the text says; None where the line
            only moves or goes.
        status: ``verified`` (run on the user's own values and found right),
            ``shape-verified`` (only shapes were checked) or ``unverified``.
    """

    text: str
    code: str | None = None
    status: Status = "unverified"


@dataclass(frozen=True)
class Finding:
    """A mistake, a risk or a surprise in the user's own words.

    Attributes:
        kind: Kebab-case name, such as ``"recompile"``.
        level: ``error`` (certain and harmful), ``warning`` (certain) or ``hint`` (likely).
        message: One sentence in the user's own names.
        cell: Name of the cell, such as ``"Cell In[3]"``, or None.
        line: Line in the raw cell as the user typed it, counted from 1, or None.
        source: The text of that line, or None.
        operands: Names of the values involved.
        fix: What to do, or None where nothing better is known.
        ranks: Ranks of a cluster on which it was seen; the message names them, too. Empty where it
            was seen in this process.
    """

    kind: str
    level: Level
    message: str
    cell: str | None = None
    line: int | None = None
    source: str | None = None
    operands: tuple[str, ...] = ()
    fix: Fix | None = None
    ranks: tuple[int, ...] = ()
