"""What the benchmarks of a sweep remark, each remark once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dlmagic.display.units import listed
from dlmagic.finding import Finding

_TIME = re.compile(r"--time (\d+(?:\.\d+)?)")


def notes_together(name: str, notes: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """The notes of all values; those that differ in numbers only become one.

    Of those that ask for more time the one that asks for most is enough.

    Args:
        name: The name that was swept.
        notes: Of each value, as written, its notes.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for text, own in notes:
        for note in own:
            groups.setdefault(_without_numbers(note), []).append((text, note))
    most = max(groups.values(), key=_most_asked, default=[])
    kept = (group for group in groups.values() if group is most or not _most_asked(group))
    return tuple(_one(name, group, len(notes)) for group in kept)


def findings_together(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Every finding once; of those that differ in numbers only, the last."""
    return tuple({alike(finding): finding for finding in findings}.values())


def alike(finding: Finding) -> tuple[object, ...]:
    """What two findings share that say the same of different values."""
    return (finding.kind, finding.level, finding.line, _without_numbers(finding.message))


def _without_numbers(text: str) -> str:
    return re.sub(r"[\d.,]+", "", text)


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
