"""How often a step is measured, from what measuring has cost, and what it has cost in all.

The budget is a share of the time, of which a short training has little: of a hundred short steps it
would have two measured, and what lasts is told from ten on. So the first samples follow closely, in
ever wider gaps, which is paid once, unless the user has named a budget.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

from dlmagic.magics.watch.sample_result import Overhead
from dlmagic.magics.watch.watcher import Rate

SECOND_SAMPLE = 5
"""The first sample also pays for buffers, so another one soon tells what one costs."""

EARLY = 12
"""So many samples follow closely at first, or as many as fit into :data:`EARLY_SECONDS`: in 97
steps, if the budget does not allow more."""

EARLY_SECONDS = 0.5
"""What these may cost beside the first: so little that nobody notices, be a step ever so long."""

_EARLY_GAPS = ((16, 4), (48, 8), (math.inf, 16))
"""Up to which step, and steps between two: powers of two, which processes share that train
together."""

MOST = 100_000
"""No more steps than these lie between two samples."""

_LEAST = 0.25
"""Share of the budget that is for measuring, whatever is done at every step."""


class Pacing:
    """Decides which steps are measured.

    Attributes:
        sampled: Steps that were measured.
    """

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self.sampled = 0
        self._steps = 0
        self._last = 0
        self._next = 1
        self._plain: deque[float] = deque(maxlen=64)
        self._watched: deque[float] = deque(maxlen=16)
        self._costs: deque[float] = deque(maxlen=16)
        self._first_cost = 0.0
        self._early_samples, self._early_cost = 0, 0.0
        self._prepared = 0.0
        self._between = 0.0

    def due(self, step: int) -> bool:
        """Whether a step, counted from 1, is to be measured."""
        if self._rate.every is not None:
            return (step - 1) % self._rate.every == 0
        if step < self._next:
            return False
        if self.sampled > 1:
            self._next = self._next_after(self._last)
        return step >= self._next

    def every(self) -> int:
        """One step in so many is measured at present."""
        if self._rate.every is not None:
            return self._rate.every
        within = self._within_budget()
        return min(within, _early_gap(self._last)) if self._is_early() else within

    def _within_budget(self) -> int:
        plain = self._plain_step()
        if plain is None or not plain or not self._costs:
            return SECOND_SAMPLE - 1
        fitting = max(1, min(MOST, math.ceil(self._cost() / (self._left(plain) * plain))))
        return 1 << (fitting - 1).bit_length() if self._rate.together else fitting

    def _next_after(self, step: int) -> int:
        every = self.every()
        return (step - 1) // every * every + every + 1 if self._rate.together else step + every

    def prepared(self, seconds: float) -> None:
        """So long it took to get ready for the first step, as to compile what measures."""
        self._prepared += seconds

    def plain_step(self, seconds: float, own: float) -> None:
        """A step has ended that was not measured.

        Args:
            seconds: How long it took; not a number where that cannot be told.
            own: How much of that was our own doing.
        """
        self._steps += 1
        self._between += own
        if seconds == seconds:
            self._plain.append(seconds - own)

    def measured_step(self, step: int, seconds: float, own: float) -> None:
        """A step has ended that was measured."""
        early = self._is_early()
        self._steps += 1
        self.sampled += 1
        self._early_samples += early
        self._last = step
        if self.sampled == 1:
            self._first_cost = own
            self._next = max(SECOND_SAMPLE, step + 1)
            return
        self._early_cost += self._added(seconds, own) if early else 0.0
        self._costs.append(own)
        if seconds == seconds:
            self._watched.append(seconds)
        self._next = self._next_after(step)

    def overhead(self) -> Overhead:
        """What measuring has cost so far."""
        return Overhead(
            plain_step=self._plain_step(),
            sampled_step=median(self._watched) if self._watched else None,
            share=self._share(),
            once=self._once(),
            every=self.every(),
            steps=self._steps,
            sampled=self.sampled,
        )

    def _is_early(self) -> bool:
        if self._rate.every is not None or self._rate.binding:
            return False
        return self.sampled < EARLY and self._early_cost < EARLY_SECONDS

    def _left(self, plain: float) -> float:
        """What looking at every step leaves of the budget; some of it in any case."""
        spent = self._between / (plain * self._steps) if self._steps else 0.0
        return max(self._rate.budget - spent, _LEAST * self._rate.budget)

    def _plain_step(self) -> float | None:
        return median(self._plain) if self._plain else None

    def _cost(self) -> float:
        """Seconds that a sample adds: our own time, or more where steps are longer by more."""
        own = median(self._costs)
        plain = self._plain_step()
        if plain is None or len(self._watched) < 3:
            return own
        return max(own, median(self._watched) - plain)

    def _added(self, seconds: float, own: float) -> float:
        """Seconds that one sample took: a compiled model runs without its compiled code, too."""
        plain = self._plain_step()
        return own if plain is None or seconds != seconds else max(own, seconds - plain)

    def _once(self) -> float:
        """Seconds that the first samples took, or the first one longer than others do."""
        if self._early_samples:
            return self._prepared + self._first_cost + self._early_cost
        usual = self._cost() if self._costs else 0.0
        return self._prepared + max(0.0, self._first_cost - usual)

    def _share(self) -> float | None:
        plain = self._plain_step()
        if not plain or not self._steps:
            return None
        added = self._between
        if self._costs:
            added += self._cost() * (self.sampled - self._early_samples)
        return added / (plain * self._steps)


def _early_gap(step: int) -> int:
    return next(gap for up_to, gap in _EARLY_GAPS if step < up_to)
