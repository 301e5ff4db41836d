"""The entries of a list such as ``CUDA_VISIBLE_DEVICES``, as far as their text goes.

CUDA reads numbers as C's ``strtoul`` does: blanks, a sign, and as many digits as there are;
``1gpu`` is 1. UUIDs must begin at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "GPU", "MIG", "nothing"]

_NUMBER = re.compile(r"[ \t\n\v\f\r]*([+-]?)([0-9]+)")
_MOST = 2**64  # one more than what strtoul can give


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        text: As it is written.
        kind: ``"number"``, ``"GPU"`` and ``"MIG"`` for UUIDs, or ``"nothing"`` that CUDA knows.
        number: Its number; None for a UUID.
    """

    text: str
    kind: Kind
    number: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether it depends on CUDA's numbers."""
        return self.number is not None


def entries_of(setting: str) -> tuple[Entry, ...]:
    """The entries, in order."""
    return tuple(map(_entry, setting.split(",")))


def _entry(text: str) -> Entry:
    if text.startswith("GPU-"):
        return Entry(text, "GPU")
    if text.startswith("MIG-"):
        return Entry(text, "MIG")
    found = _NUMBER.match(text)
    if found is None:
        return Entry(text, "nothing")
    return Entry(text, "number", _as_strtoul_gives_it(found[1], found[2]))


def _as_strtoul_gives_it(sign: str, digits: str) -> int:
    # More digits than that are too many for C, and perhaps for Python.
    size = int(digits.lstrip("0")[:30] or "0")
    if size >= _MOST:
        return _MOST - 1
    return -size % _MOST if sign == "-" else size
