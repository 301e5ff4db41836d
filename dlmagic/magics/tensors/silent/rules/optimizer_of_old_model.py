"""An optimiser that holds the parameters of a model which was made again since."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.frameworks.operations import Event
from dlmagic.magics.tensors.silent.idle_steps import IdleSteps
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure


class Rule(Listening):
    """Steps that change parameters which no name of the notebook leads to any more."""

    kind = "optimizer-of-old-model"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._steps = IdleSteps()

    def hear(self, event: Event) -> None:
        """Backward passes and steps."""
        self._steps.hear(event)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each optimiser once."""
        for step in self._steps.idle():
            renewed = after.training.renewed(step.held, self._steps.reached)
            if renewed is not None:
                yield Mistake(
                    f"{renewed.optimizer} holds the parameters that {renewed.model} had before it "
                    f"was made again: {renewed.model} never changes.",
                    step.frame,
                    text=f"Make {renewed.optimizer} again, too, after {renewed.model}:",
                    code=renewed.code,
                    operands=(renewed.optimizer, renewed.model),
                )
