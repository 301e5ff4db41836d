"""Stretches of a graph that repeat themselves: loops of the user's that the graph has unrolled."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import takewhile

_LONGEST = 32  # operations in one turn of a loop that is looked for
_FEWEST_TURNS = 3
"""Times that something must occur in a row to count as a loop."""


def repeated_stretches(items: Sequence[Hashable]) -> list[tuple[int, int, int]]:
    """Where a sequence repeats itself, from its start to its end.

    Args:
        items: What is compared.

    Returns:
        Stretches that follow each other and cover all items: the first item, the end, and the
        length of one turn; that of a stretch that repeats nothing is the stretch's own length.

    >>> repeated_stretches("xababababy")
    [(0, 1, 1), (1, 9, 2), (9, 10, 1)]
    """
    found: list[tuple[int, int, int]] = []
    start = plain = 0
    while start < len(items):
        turn, end = _best_turn(items, start)
        if not turn:
            start += 1
            continue
        if plain < start:
            found.append((plain, start, start - plain))
        found.append((start, end, turn))
        start = plain = end
    if plain < len(items):
        found.append((plain, len(items), len(items) - plain))
    return found


def _best_turn(items: Sequence[Hashable], start: int) -> tuple[int, int]:
    """The length of the turn that covers most from here on, and the end of its whole turns."""
    best = (0, start)
    for turn in range(1, min(_LONGEST, (len(items) - start) // _FEWEST_TURNS) + 1):
        if items[start] != items[start + turn]:
            continue
        same = takewhile(lambda k: items[k] == items[k - turn], range(start + turn, len(items)))  # noqa: B023
        turns = 1 + sum(1 for _ in same) // turn
        if turns >= _FEWEST_TURNS and start + turns * turn > best[1]:
            best = (turn, start + turns * turn)
    return best
