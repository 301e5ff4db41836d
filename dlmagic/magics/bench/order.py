"""The order in which runners take their turns: random, and balanced in every cycle.

Whoever runs first in a round, or always after the same neighbour, is at an advantage or a
disadvantage that no number of rounds averages out. A Williams design (E. J. Williams,
1949, "Experimental designs balanced for the estimation of residual effects of
treatments") has every runner in every place and after every other runner equally often.
Its rows are shuffled and its labels drawn anew in every cycle, so no rhythm of the machine
can fall into step with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

_SHORTEST_CYCLE = 10
"""Rounds. Mirror images spread over a long cycle leave neighbouring rounds nearly
independent, which the interval of the speedup assumes."""


def balanced_orders(count: int, generator: np.random.Generator) -> Iterator[tuple[int, ...]]:
    """Orders of the runners 0 to ``count - 1``, one a round, for ever.

    After every :func:`cycle_length` rounds each order has appeared as often as its mirror
    image, and each runner equally often in each place and after each other runner.
    """
    rows = williams_rows(count)
    repeats = cycle_length(count) // len(rows)
    while True:
        cycle: list[tuple[int, ...]] = []
        for _ in range(repeats):
            labels = generator.permutation(count).tolist()
            cycle += [tuple(labels[place] for place in row) for row in rows]
        for index in generator.permutation(len(cycle)):
            yield cycle[index]


def cycle_length(count: int) -> int:
    """Rounds after which the order of ``count`` runners is balanced, at least 10."""
    rows = len(williams_rows(count))
    return rows * -(-_SHORTEST_CYCLE // rows)


def williams_rows(count: int) -> Sequence[tuple[int, ...]]:
    """A Williams design: ``count`` rows where that is even, otherwise twice as many.

    >>> williams_rows(2)
    [(0, 1), (1, 0)]
    """
    zigzag = [(index + 1) // 2 if index % 2 else -index // 2 for index in range(count)]
    rows = [tuple((step + shift) % count for step in zigzag) for shift in range(count)]
    # With an even count each row's mirror image is there already.
    return rows if count % 2 == 0 or count == 1 else rows + [row[::-1] for row in rows]


class Turns:
    """Whose turn it is, round after round, while runners may drop out.

    Args:
        generator: Draws the orders; used by nothing else.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._names: tuple[str, ...] = ()
        self._orders: Iterator[tuple[int, ...]] = iter(())

    def next_order(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The order of the next round; a balanced cycle begins anew when the names change."""
        if names != self._names:
            self._names, self._orders = names, balanced_orders(len(names), self._generator)
        return tuple(names[index] for index in next(self._orders))
