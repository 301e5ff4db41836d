"""NaN or infinity in a loss, with the first operation that made it."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_ON_PURPOSE = frozenset(
    {"full", "full_like", "masked_fill", "masked_fill_", "tensor", "fill_", "where"}
)


class Rule(Listening):
    """What is not finite is told of only where ``backward()`` begins at it."""

    kind = "first-nan"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._first: Operation | None = None
        self._in_loss = False

    def hear(self, event: Event) -> None:
        """The first operation whose result is not finite though its inputs were."""
        if not isinstance(event, Operation):
            return
        if event.is_finite is False and self._first is None and event.name not in _ON_PURPOSE:
            self._first = event
        if event.name == "backward" and event.inputs:
            maker = event.inputs[0].maker
            self._in_loss |= maker is not None and maker.is_finite is False

    def mistakes(self, after: After) -> Iterable[Mistake]:  # noqa: ARG002 - the protocol's
        """The first of all, once."""
        if not self._in_loss or self._first is None:
            return
        advice = {
            "log": "Keep its input above 0: add 1e-8 to it, or use log_softmax.",
            "sqrt": "Keep its input above 0: add 1e-8 to it.",
            "div": "Add a small number to what is divided by.",
        }
        name = self._first.name.strip("_")
        yield Mistake(
            f"The loss is not finite; {name}() was the first to give NaN or infinity.",
            self._first.frame,
            text=advice.get(
                name.removeprefix("true"), "Look at its inputs with %tensors --values."
            ),
        )
