"""Training steps while the model is set to evaluate, so that its dropout does nothing."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, TrainedInEvaluation
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """Steps of an optimiser whose parameters belong to a module that evaluates."""

    kind = "training-in-eval"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._heard: list[TrainedInEvaluation] = []

    def hear(self, event: Event) -> None:
        """A step."""
        if isinstance(event, TrainedInEvaluation):
            self._heard.append(event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each line once."""
        for event in {each.frame: each for each in reversed(self._heard)}.values():
            name = after.training.name_of(event.module, event.kind)
            if name == "":
                continue  # a part of a larger model, which may evaluate on purpose
            message = f"is trained while {'it' if name else 'the model'} is set to evaluate"
            yield Mistake(
                f"{name or event.kind} {message}: its dropout does nothing.",
                event.frame,
                text="Call this before each round of training:",
                code=f"{name or 'model'}.train()",
                operands=(name,) if name else (),
            )
