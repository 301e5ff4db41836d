"""The statistics that a program of JAX has sent while it ran, put in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlmagic.magics.watch.gathering import Piece
from dlmagic.magics.watch.measures import Measured

Moment = tuple[int, int, int]
"""When something came to be in a step: what was before it is less."""


@dataclass(frozen=True, eq=False)
class Emitted:
    """Statistics that a program sends while it runs, as they are known when it is traced.

    Attributes:
        order: How many were emitted before.
        pieces: Of what.
        heard: When each of them came to be, by a number that grows.
        totals: How many values each has.
        units: How many units each has; 0 where that is of no matter.
    """

    order: int
    pieces: tuple[Piece, ...]
    heard: tuple[int, ...]
    totals: tuple[int, ...]
    units: tuple[int, ...]


@dataclass
class Received:
    """What has been sent."""

    parts: list[tuple[Emitted, Measured, Any]] = field(default_factory=list)

    def in_order(self) -> tuple[list[Piece], list[Measured]]:
        """In the order in which it was traced, as callbacks may come in any."""
        pieces: list[Piece] = []
        measured = []
        for emitted, numbers, units in self._sorted():
            ends = np.cumsum(emitted.units)
            for at, piece in enumerate(emitted.pieces):
                known = units[ends[at] - emitted.units[at] : ends[at]]
                can_be_zero = len(known) and numbers.counts[at, 0]
                pieces.append(Piece(piece.key, piece.shape, known if can_be_zero else None))
            measured.append(numbers)
        return pieces, measured

    def moments(self) -> list[Moment]:
        """When each of these pieces came to be, in the same order.

        What was sent together is apart where it was sent once. Of a loop, whose rounds have all
        the same numbers, each round stays together.
        """
        times = Counter(emitted.order for emitted, *_ in self.parts)
        seen: Counter[int] = Counter()
        found: list[Moment] = []
        for emitted, *_ in self._sorted():
            seen[emitted.order] += 1
            first, number = min(emitted.heard), seen[emitted.order]
            is_looped = times[emitted.order] > 1
            found += [(first, number, at) if is_looped else (at, 0, 0) for at in emitted.heard]
        return found

    def _sorted(self) -> list[tuple[Emitted, Measured, Any]]:
        return sorted(self.parts, key=lambda part: part[0].order)
