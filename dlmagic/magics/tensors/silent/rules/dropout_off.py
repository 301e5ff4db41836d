"""Training steps while the model is set to evaluate, so that its dropout does nothing."""

from __future__ import annotations

from dlmagic.frameworks.operations import Event, Step
from dlmagic.magics.tensors.silent.rule import Listening, Mistake, Sure


class Rule(Listening):
    """Steps of an optimiser whose parameters belong to a module that evaluates."""

    kind = "training-in-eval"
    sure: Sure = "certain"

    def hear(self, event: Event) -> None:
        """A step."""
        if isinstance(event, Step) and event.in_evaluation:
            name = event.in_evaluation[0]
            message = f"{name} is trained while it is set to evaluate: its dropout does nothing."
            advice = f"Call {name}.train() before the training loop."
            self.found.append(Mistake(message, event.frame, text=advice, operands=(name,)))
