"""Steps of optimisers whose parameters got no gradient, though there were backward passes."""

from __future__ import annotations

from dlmagic.frameworks.operations import Event, Operation, Step

_ENOUGH = 2
"""Idle steps in a row of an optimiser that is one of two, or has had gradients before."""


class IdleSteps:
    """Optimisers whose last steps found no gradient that had come since the step before."""

    def __init__(self) -> None:
        self._backward = 0
        self._last: dict[int, int] = {}
        self._idle: dict[int, list[Step]] = {}
        self._busy: set[int] = set()
        self.reached: frozenset[int] = frozenset()
        """Identities of all tensors that gradients have reached."""

    @property
    def are_many(self) -> bool:
        """Whether several optimisers step."""
        return len(self._last) > 1

    def hear(self, event: Event) -> None:
        """Backward passes and steps."""
        if isinstance(event, Operation):
            self._backward += event.name == "backward"
        elif isinstance(event, Step):
            self.reached |= event.reached
            between = self._backward - self._last.get(event.optimizer, 0)
            self._last[event.optimizer] = self._backward
            if event.fresh or event.closure or not event.parameters:
                self._busy.add(event.optimizer)
                self._idle[event.optimizer] = []
            elif between:
                self._idle.setdefault(event.optimizer, []).append(event)

    def idle(self) -> list[Step]:
        """The last step of each, by which all gradients that come have come."""
        return [steps[-1] for key, steps in self._idle.items() if self._are_enough(key, len(steps))]

    def _are_enough(self, optimizer: int, count: int) -> bool:
        if self.are_many:  # tasks may take turns
            return optimizer not in self._busy and count >= max(_ENOUGH, len(self._last))
        return count >= (_ENOUGH if optimizer in self._busy else 1)
