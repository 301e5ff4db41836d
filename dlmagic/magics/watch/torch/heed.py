"""Which of the steps that are not measured are looked at for values that are not finite.

To keep a call, should it have to be run once more, and to look at gradients takes some hundredths
of a millisecond. Where a step hardly takes longer and the user has named a budget, not every one
of them is looked at; otherwise each is, because the layer that makes a NaN can only be found before
the weights have it.
"""

from __future__ import annotations

import math
from collections import deque
from statistics import median

LATEST = 8
"""One step in so many is looked at at least, so that a NaN is seen no later than that."""

_SHARE = 0.5
"""Of the budget; the rest is for measuring."""

_SETTLED = 64
"""Steps after which it is asked anew what a look costs."""


class Heed:
    """Decides it from what looking has cost.

    Args:
        budget: Share of the training time that watching may take; infinite where each step is
            looked at whatever that takes.

    Attributes:
        every: One step in so many is looked at.
        decides: Whether there is anything to decide.
    """

    def __init__(self, budget: float) -> None:
        self.every = 1
        self.decides = budget < math.inf
        self._budget = _SHARE * budget
        self._steps = 0
        self._seconds: deque[float] = deque(maxlen=_SETTLED)
        self._own: deque[float] = deque(maxlen=_SETTLED)

    def plain_step(self, seconds: float, own: float, *, looked: bool) -> None:
        """A step has ended that was not measured.

        Args:
            seconds: How long it took; not a number where that cannot be told.
            own: How much of that was our own doing.
            looked: Whether it was looked at.
        """
        if seconds == seconds:
            self._seconds.append(seconds - own)
        if looked:
            self._own.append(own)
        self._steps += 1
        if self._steps % _SETTLED == 0 and self._seconds and self._own:
            allowed = self._budget * median(self._seconds)
            wanted = math.ceil(median(self._own) / allowed) if allowed > 0 else 1
            self.every = max(1, min(LATEST, wanted))
