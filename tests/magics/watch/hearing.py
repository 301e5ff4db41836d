"""A listener that keeps what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlmagic.magics.watch.sample_result import Culprit


@dataclass
class Told:
    """Ends the training after a step, where that is wanted."""

    end_after: int | None = None
    loss: object = None
    steps: list[int] = field(default_factory=list)
    culprits: list[Culprit] = field(default_factory=list)

    def step_ended(self, step: int) -> None:
        self.steps.append(step)
        if step == self.end_after:
            raise EndedHereError

    def loss_wanted(self) -> object:
        return self.loss

    def heeds_all(self) -> bool:
        return False

    def wants_end(self) -> bool:
        return False

    def not_finite(self, culprit: Culprit, *, over: bool = False) -> None:
        self.culprits.append(culprit)


class EndedHereError(Exception):
    """The listener wanted it so."""
