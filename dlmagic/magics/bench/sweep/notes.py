"""What the benchmarks of a sweep remark, each remark once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dlmagic.display.units import listed

_TIME = re.compile(r"--time (\d+(?:\.\d+)?)")


def notes_together(name: str, notes: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """The notes of all values; those that differ in numbers only become one.

    Of those that ask for more time the one that asks for most is enough.

    Args:
        name: The name that was swept.
        notes: Of each value, as written, its notes.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for text, own in notes:
        for note in own:
            alike.setdefault(re.sub(r"[\d.,]+", "", note), []).append((text, note))
    groups = list(alike.values())
    most = max(groups, key=_most_asked, default=[])
    kept = (group for group in groups if group is most or not _most_asked(group))
    return tuple(_one(name, group, len(notes)) for group in kept)


def _one(name: str, group: Sequence[tuple[str, str]], values: int) -> str:
    """The note that asks for the most time, or the last; with its values unless it has all."""
    _, note = max(group, key=lambda each: _asked(each[1]))
    if len(group) == values and len({note for _, note in group}) == 1:
        return note
    return f"{name} = {listed(text for text, _ in group)}: {note}"


def _most_asked(group: Sequence[tuple[str, str]]) -> float:
    return max(_asked(note) for _, note in group)


def _asked(note: str) -> float:
    time = _TIME.search(note)
    return float(time[1]) if time else 0.0
