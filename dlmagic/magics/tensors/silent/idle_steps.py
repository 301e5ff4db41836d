"""Steps of optimisers whose parameters got no gradient, though there were backward passes."""

from __future__ import annotations

from collections import defaultdict

from dlmagic.frameworks.operations import Event, Operation, Step

_ENOUGH = 2
"""Idle steps of one optimiser among several: tasks may take turns."""


class IdleSteps:
    """Optimisers that were never seen to step with a gradient that had come since."""

    def __init__(self) -> None:
        self._backward = 0
        self._last: dict[int, int] = {}
        self._idle: dict[int, list[Step]] = defaultdict(list)
        self._busy: set[int] = set()

    @property
    def are_many(self) -> bool:
        """Whether several optimisers step."""
        return len(self._last) > 1

    def hear(self, event: Event) -> None:
        """Backward passes and steps."""
        if isinstance(event, Operation):
            self._backward += event.name == "backward"
        elif isinstance(event, Step):
            between = self._backward - self._last.get(event.optimizer, 0)
            self._last[event.optimizer] = self._backward
            if event.fresh or event.closure or not event.parameters:
                self._busy.add(event.optimizer)
            elif between:
                self._idle[event.optimizer].append(event)

    def idle(self) -> list[Step]:
        """The last of each optimiser's, which has heard of all gradients so far."""
        enough = _ENOUGH if self.are_many else 1
        return [
            steps[-1]
            for optimizer, steps in self._idle.items()
            if len(steps) >= enough and optimizer not in self._busy
        ]
