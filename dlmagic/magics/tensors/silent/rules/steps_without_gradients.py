"""An optimiser none of whose parameters has a gradient: those that are used are others."""

from __future__ import annotations

from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.cuts import Cuts
from dlmagic.magics.tensors.silent.rule import Listening, Mistake, Sure


class Rule(Listening):
    """A step after a backward pass that reached none of the optimiser's parameters."""

    kind = "step-without-gradients"
    sure: Sure = "certain"

    def __init__(self) -> None:
        super().__init__()
        self._backward = False
        self._cuts = Cuts()

    def hear(self, event: Event) -> None:
        """Backward passes and steps."""
        cut = self._cuts.hear(event)
        if isinstance(event, Operation):
            self._backward |= event.name == "backward"
            return
        # Where the graph was cut on the way to them, another rule names the place.
        if self._backward and event.parameters and not event.with_gradient and not cut:
            message = (
                "The optimiser changes nothing: backward() has reached none of its parameters. "
                "They may be those of a model that was made anew since."
            )
            advice = "Make the optimiser after the model, from model.parameters()."
            self.found.append(Mistake(message, event.frame, text=advice))
        self._backward = False
