"""When a step of training has ended, told from what its optimisers do."""

from __future__ import annotations


class Stepping:
    """Counts the steps of a model that one or more optimisers train.

    Optimisers that step one after the other, with no pass of the model between them, share a step.
    Which ones do is learned from the steps before: the step has ended with the last of them.

    Attributes:
        steps: Steps that have begun.
    """

    def __init__(self) -> None:
        self.steps = 0
        self._stepped: set[int] = set()
        self._expected: set[int] = set()
        self._ended = True
        self._passed = True

    def passes(self) -> bool:
        """The model is called for training; returns whether a step has ended with that."""
        self._passed = True
        return not self._ended and self._close()

    def closes(self, optimizer: int) -> bool:
        """An optimiser is about to step; returns whether another step has ended with that."""
        return not self._ended and self._is_another(optimizer) and self._close()

    def begins(self, optimizer: int) -> None:
        """An optimiser steps, after :meth:`closes` was asked."""
        if self._is_another(optimizer):
            self.steps += 1
            self._stepped, self._ended, self._passed = set(), False, False

    def ends(self, optimizer: int) -> bool:
        """An optimiser has stepped; returns whether the step has ended with that."""
        self._stepped.add(optimizer)
        if self._ended:
            self._expected = set(self._stepped)
            return False
        self._ended = self._expected <= self._stepped
        return self._ended

    def counts(self) -> None:
        """A step without an optimiser has ended."""
        self.steps += 1

    def takes_back(self) -> None:
        """What was counted last was none."""
        self.steps -= 1

    def _is_another(self, optimizer: int) -> bool:
        return self._passed or optimizer in self._stepped

    def _close(self) -> bool:
        self._ended, self._expected = True, set(self._stepped)
        return True
