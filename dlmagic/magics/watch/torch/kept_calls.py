"""The latest calls of a model, by the steps that they belong to."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from dlmagic.magics.watch.torch.culprit.call import KeptCall

STEPS_KEPT = 3
"""A device tells up to two steps later that something was not finite."""

CALLS_KEPT = 4
"""Of one step, on a processor. Each keeps its batch, of which a device may have no room for two."""


@dataclass
class CallsOfStep:
    """The last calls of one step.

    Attributes:
        calls: They, the earliest first.
        are_all: Whether there were no others.
    """

    calls: list[KeptCall] = field(default_factory=list)
    are_all: bool = True


class KeptCalls:
    """Keeps what may have to be run once more."""

    def __init__(self) -> None:
        self._steps: OrderedDict[int, CallsOfStep] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._steps)

    @property
    def last(self) -> KeptCall:
        """The latest call."""
        return next(reversed(self._steps.values())).calls[-1]

    def add(self, step: int, call: KeptCall, *, waits: bool) -> None:
        """Keep a call.

        Args:
            step: The step that it belongs to.
            call: The call.
            waits: Whether a device tells only later that something was not finite.
        """
        if not waits and step not in self._steps:
            self._steps.clear()
        found = self._steps.setdefault(step, CallsOfStep())
        found.calls.append(call)
        if len(found.calls) > (1 if waits else CALLS_KEPT):
            del found.calls[0]
            found.are_all = False
        while len(self._steps) > STEPS_KEPT:
            self._steps.popitem(last=False)

    def of(self, step: int) -> CallsOfStep:
        """Those of a step; none where they are gone."""
        return self._steps.get(step) or CallsOfStep(are_all=False)

    def clear(self) -> None:
        """Let all of them go."""
        self._steps.clear()
