"""The latest calls of a model, by the steps that they belong to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from dlmagic.magics.watch.torch.culprit.call import KeptCall

STEPS_KEPT = 3
"""A device tells up to two steps later that something was not finite."""

CALLS_KEPT = 4
"""Of one step, on a processor. Each keeps its batch, of which a device may have no room for two."""


class KeptCalls:
    """Keeps what may have to be run once more.

    Attributes:
        last: The latest call; None where none is kept.
    """

    def __init__(self) -> None:
        self._steps: OrderedDict[int, list[KeptCall]] = OrderedDict()
        self._dropped: set[int] = set()
        self.last: KeptCall | None = None

    def add(self, step: int, call: KeptCall, *, waits: bool) -> None:
        """Keep a call.

        Args:
            step: The step that it belongs to.
            call: The call.
            waits: Whether a device tells only later that something was not finite.
        """
        self.last = call
        calls = self._steps.get(step)
        if calls is None:
            most = STEPS_KEPT if waits else 1
            while len(self._steps) >= most:
                self._drop_earliest()
            self._steps[step] = [call]
            return
        calls.append(call)
        if len(calls) > (1 if waits else CALLS_KEPT):
            del calls[0]
            self._dropped.add(step)

    def of(self, step: int) -> Sequence[KeptCall]:
        """The last calls of a step, the earliest first; none where they are gone."""
        return self._steps.get(step, ())

    def has_all_of(self, step: int) -> bool:
        """Whether a step had no other calls."""
        return step in self._steps and step not in self._dropped

    def clear(self) -> None:
        """Let all of them go."""
        self.last = None
        self._steps.clear()
        self._dropped.clear()

    def _drop_earliest(self) -> None:
        gone, _ = self._steps.popitem(last=False)
        self._dropped.discard(gone)
