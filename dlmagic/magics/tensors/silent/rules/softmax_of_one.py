"""A softmax over an axis of one element, which is 1 whatever goes in."""

from __future__ import annotations

from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.rule import Listening, Mistake, Sure


class Rule(Listening):
    """Softmax and log-softmax along an axis of length one."""

    kind = "softmax-of-one"
    sure: Sure = "certain"

    def hear(self, event: Event) -> None:
        """A softmax; it must be on the way to a gradient to matter."""
        if not isinstance(event, Operation) or event.name not in ("softmax", "log_softmax"):
            return
        if not event.inputs or not event.inputs[0].requires_grad:
            return
        axis = event.options.get("dim", event.arguments[1] if len(event.arguments) > 1 else None)
        shape = event.inputs[0].shape
        if not isinstance(axis, int) or not shape or not -len(shape) <= axis < len(shape):
            return
        if shape[axis] == 1:
            value = 1 if event.name == "softmax" else 0
            message = (
                f"{event.name} over an axis of one element gives {value} whatever goes in: nothing "
                "can be learned through it."
            )
            advice = "Use a sigmoid for one score, or give each class a score of its own."
            self.found.append(Mistake(message, event.frame, text=advice))
