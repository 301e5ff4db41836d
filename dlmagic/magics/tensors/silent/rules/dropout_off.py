"""Training steps while the model is set to evaluate, so that its dropout does nothing."""

from __future__ import annotations

from dlmagic.frameworks.operations import Event, TrainedInEvaluation
from dlmagic.magics.tensors.silent.rule import Listening, Mistake, Sure


class Rule(Listening):
    """Steps of an optimiser whose parameters belong to a module that evaluates."""

    kind = "training-in-eval"
    sure: Sure = "certain"

    def hear(self, event: Event) -> None:
        """A step."""
        if isinstance(event, TrainedInEvaluation):
            name = event.names[0]
            message = f"{name} is trained while it is set to evaluate: its dropout does nothing."
            advice = "Call this before each round of training:"
            self.found.append(
                Mistake(message, event.frame, text=advice, code=f"{name}.train()", operands=(name,))
            )
