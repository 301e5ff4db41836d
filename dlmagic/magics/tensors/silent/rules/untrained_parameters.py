"""Parameters that get gradients in each step and that no optimiser changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, GradientRead, Step
from dlmagic.frameworks.training import Unregistered
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """Where optimisers step: what has a gradient by then and is in none of them."""

    kind = "untrained-parameters"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._last: Step | None = None
        self._held: set[int] = set()
        self._read: set[int] = set()
        self._times: Counter[int] = Counter()
        self._steps = 0

    def hear(self, event: Event) -> None:
        """Steps, what they change, and gradients that the user looks at."""
        if isinstance(event, Step) and event.held:
            # Where the optimiser has no gradient at all, another rule speaks of the cause.
            self._last = event if event.fresh else self._last
            self._held.update(event.held)
            self._times.update(event.reached)
            self._steps += 1
        elif isinstance(event, GradientRead):
            self._read.add(event.owner)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """All such parameters in one sentence."""
        if self._last is None:
            return
        # Whose gradient alone is read, is changed by hand; a log reads those of all.
        by_hand = self._read if self._read.isdisjoint(self._held) else set()
        # Once is no training: gradients may be there to be looked at.
        again = {key for key, times in self._times.items() if times >= min(self._steps, 2)}
        names = after.training.untrained(self._held | by_hand, again)
        if not names:
            return
        yield self._mistake(names, _in_list(names[0], after))

    def _mistake(self, names: tuple[str, ...], kept: Unregistered | None) -> Mistake:
        last = self._last
        assert last is not None
        one = len(names) == 1
        subject = names[0] if one else f"{names[0]} and {len(names) - 1} more"
        gets, ends = ("gets", "it never changes") if one else ("get", "they never change")
        verb = "is" if one else "are"
        return Mistake(
            f"{subject} {gets} gradients and {verb} in no optimiser: {ends}.",
            kept.frame if kept is not None and kept.frame is not None else last.frame,
            text="Keep layers where parameters() finds them, and make the optimiser after them."
            if kept is not None
            else "Pass them to the optimiser, too, or freeze them: requires_grad_(False).",
            code=kept.code if kept is not None else None,
            operands=names[:3],
        )


def _in_list(name: str, after: After) -> Unregistered | None:
    """What keeps the parameter where it is not registered, or None."""
    return next(
        (
            each
            for each in after.training.unregistered()
            if name.removeprefix(f"{each.module}.{each.attribute}")[:1] in ("", ".", "[")
        ),
        None,
    )
