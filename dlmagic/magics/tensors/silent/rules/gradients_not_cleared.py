"""An optimiser that steps again and again with gradients that nobody has cleared."""

from __future__ import annotations

from collections import defaultdict

from dlmagic.frameworks.operations import Event, Operation, Step
from dlmagic.magics.tensors.silent.rule import Listening, Mistake, Sure

_CLEARING = frozenset({"zero_", "_foreach_zero_", "fill_", "mul_", "_foreach_mul_"})
_ENOUGH = 2
"""Steps in a row that found the gradients of the step before: once may be on purpose."""


class Rule(Listening):
    """Between two steps there was a backward pass and nothing that cleared."""

    kind = "gradients-not-cleared"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._cleared = self._backward = False
        self._in_a_row: dict[int, int] = defaultdict(int)

    def hear(self, event: Event) -> None:
        """Clearing, backward passes, and steps."""
        if isinstance(event, Operation):
            self._cleared |= event.name in _CLEARING
            self._backward |= event.name == "backward"
            return
        again = event.uncleared and event.uncleared == event.with_gradient
        if again and self._backward and not self._cleared:
            self._in_a_row[event.optimizer] += 1
        else:
            self._in_a_row[event.optimizer] = 0
        if self._in_a_row[event.optimizer] == _ENOUGH:
            self.found.append(_mistake(event))
        self._cleared = self._backward = False


def _mistake(step: Step) -> Mistake:
    message = (
        "Gradients are never cleared: each step adds those of all steps before, and the updates "
        "grow."
    )
    return Mistake(message, step.frame, text="Call optimizer.zero_grad() before each backward().")
