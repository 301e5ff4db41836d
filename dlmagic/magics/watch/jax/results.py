"""What steps of JAX have returned, looked at once it has been computed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from dlmagic.magics.watch.arrived import Arrived
from dlmagic.magics.watch.jax import trees
from dlmagic.magics.watch.jax.faults import culprit_of
from dlmagic.magics.watch.jax.step import Given, Step
from dlmagic.magics.watch.watcher import Listener

_MOST_UNCHECKED = 2

_Unchecked = tuple[int, Any, list[Any]]
"""A step, what it was given, and the numbers that came of it."""


class Results:
    """Takes losses from what steps have returned, and tells of those that are not finite.

    Args:
        step: The user's function.
        take_apart: Takes the arguments of a call apart; None of those that it cannot.
    """

    def __init__(self, step: Step, take_apart: Callable[[Any, Any], Given | None]) -> None:
        self._step, self._take_apart = step, take_apart
        self._unchecked: deque[_Unchecked] = deque()
        self._turn = threading.Lock()
        self._told = False
        self.losses: Arrived[tuple[int, float]] = Arrived()
        """Steps and losses; they wait to be taken."""

    def add(self, step: int, given: Any, result: Any) -> None:
        """A step was made, whose result may still be under way.

        Args:
            step: The step.
            given: Its arguments, taken apart or as they are.
            result: What it has returned.
        """
        self._unchecked.append((step, given, trees.losses_in(result)))

    def check(self, listener: Listener, *, wait: bool = False) -> None:
        """Losses that have been computed by now; on a processor that of this step, too.

        Args:
            listener: Is told of what is not finite.
            wait: Wait for all of them.
        """
        at_once = wait or jax.default_backend() == "cpu"
        while unchecked := self._next(at_once=at_once):
            step, given, losses = unchecked
            known = [each for each in losses if not each.is_deleted()]
            numbers = [number for each in known for number in np.ravel(each).tolist()]
            if known and known[0].shape == ():
                self.losses.add((step, numbers[0]))
            if np.isfinite(numbers).all():
                # Where it ends a training, the next one is to end on it, too; else one is enough.
                self._told = self._told and not listener.heeds_all()
            elif not self._told:
                self._told = True
                self._tell(listener, step, given, numbers, is_row=len(known) == 1)

    def _tell(
        self, listener: Listener, step: int, given: Any, numbers: list[float], *, is_row: bool
    ) -> None:
        known = given if isinstance(given, Given) else self._take_apart(*given)
        arrays = known.arrays if known else given
        over = self._step.is_nnx or trees.are_taken(arrays)
        culprit = culprit_of(self._step, step, known, numbers, is_row=is_row)
        listener.not_finite(culprit, over=over)

    def _next(self, *, at_once: bool) -> _Unchecked | None:
        with self._turn:  # the thread that trains is not the only one that asks
            if not self._unchecked:
                return None
            late = at_once or len(self._unchecked) > _MOST_UNCHECKED
            if not late and not all(each.is_ready() for each in self._unchecked[0][2]):
                return None
            return self._unchecked.popleft()
