"""Parameters that get gradients in each step and that no optimiser changes."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, Step
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """Where optimisers step: what has a gradient afterwards and is in none of them."""

    kind = "untrained-parameters"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._last: Step | None = None
        self._held: set[int] = set()

    def hear(self, event: Event) -> None:
        """Steps, and what they change."""
        if isinstance(event, Step) and event.held:
            self._last = event
            self._held.update(event.held)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """All such parameters in one sentence."""
        # Where the optimiser has no gradient at all, another rule speaks of the cause.
        if self._last is None or not self._last.with_gradient:
            return
        names = after.untrained(self._held)
        if not names:
            return
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        in_list = "[" in names[0]
        advice = "Keep layers in nn.ModuleList, and make the optimiser after them."
        yield Mistake(
            f"{names[0]}{more} get gradients and are in no optimiser: they never change."
            if more
            else f"{names[0]} gets gradients and is in no optimiser: it never changes.",
            self._last.frame,
            text=advice if in_list else "Pass them to the optimiser, too.",
            operands=names[:3],
        )
