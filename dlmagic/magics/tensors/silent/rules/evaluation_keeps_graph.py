"""A model that is set to evaluate and still records for gradients that nobody takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Event, Operation, note_sources
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_USING = frozenset({"backward", "grad", "detach", "detach_"})


@dataclass
class _Place:
    """A line from which a model in evaluation was called."""

    frame: Frame
    module: str
    first: str
    outputs: list[int] = field(default_factory=list)


class Rule(Listening):
    """Calls that are repeated, and none of which leads to a backward pass."""

    kind = "evaluation-keeps-graph"
    sure: Sure = "likely"

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, _Place] = {}
        self._used: set[int] = set()
        self._for_inputs = False

    def hear(self, event: Event) -> None:
        """Uses of parameters, and where gradients are taken."""
        if not isinstance(event, Operation):
            return
        if event.name in _USING:
            note_sources(event, self._used)
        elif event.evaluating and event.frame and event.output and event.output.requires_grad:
            place = _Place(event.frame, event.evaluating, event.parameter)
            place = self._places.setdefault(event.frame.line, place)
            if place.first == event.parameter:
                place.outputs.append(event.output.number)
                self._for_inputs |= _is_asked_for(event)

    def mistakes(self, after: After) -> Iterable[Mistake]:  # noqa: ARG002 - the protocol's
        """The first line alone: where one pass over the data lacks it, the others mostly do."""
        for place in self._places.values():
            if len(place.outputs) < 2 or self._for_inputs or self._used & set(place.outputs):
                continue
            yield Mistake(
                f"{place.module} is evaluated here, and the graph for its gradients is recorded "
                "in each call though no gradient is taken: that costs memory and time.",
                place.frame,
                text="Evaluate within torch.inference_mode(), or torch.no_grad().",
                operands=(place.module,),
            )
            return


def _is_asked_for(event: Operation) -> bool:
    """Whether gradients of the model's own input may be what is wanted."""
    data = event.inputs[0]
    return data.requires_grad and data.maker is None
