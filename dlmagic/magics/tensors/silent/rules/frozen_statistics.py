"""A model that is measured while it is set to train: dropout at work, statistics that move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Event, Operation, Seen, note_sources
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_LAYERS = {
    "batch_norm": "batch normalisation uses each batch's own statistics and changes the model's",
    "dropout": "dropout is at work",
    "feature_dropout": "dropout is at work",
    "dropout1d": "dropout is at work",
    "dropout2d": "dropout is at work",
    "dropout3d": "dropout is at work",
    "alpha_dropout": "dropout is at work",
}
_MEASURING = frozenset(
    {
        *("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"),
        *("binary_cross_entropy", "binary_cross_entropy_with_logits", "argmax", "topk", "max"),
        *("eq", "__eq__", "gt", "__gt__", "ge", "__ge__", "sub", "__sub__"),
    }
)


@dataclass
class _Place:
    """A line from which a model was called without recording."""

    frame: Frame
    what: str
    module: str
    outputs: set[int] = field(default_factory=set)
    data: list[int] = field(default_factory=list)


class Rule(Listening):
    """Calls for several batches without gradients, whose results are compared with something."""

    kind = "frozen-statistics"
    sure: Sure = "likely"

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, _Place] = {}
        self._modules: dict[int, str] = {}
        self._measured: set[int] = set()
        self._trained: set[int] = set()

    def hear(self, event: Event) -> None:
        """Layers that behave in another way while training, and what their results are for."""
        if not isinstance(event, Operation):
            return
        if event.name == "backward":
            note_sources(event, self._trained)
        elif event.recording or event.frame is None:
            return
        elif event.name in _LAYERS and event.options.get("training") is True:
            self._note(event, event.frame)
        elif event.name in _MEASURING and self._places:
            note_sources(event, self._measured)
        if event.parameter and event.frame is not None:
            self._modules.setdefault(event.frame.line, event.parameter.partition(".")[0])

    def _note(self, event: Operation, frame: Frame) -> None:
        if event.output is None or not event.inputs or event.options.get("p") == 0:
            return
        place = _Place(frame, event.name, event.parameter or event.name)
        place = self._places.setdefault(frame.line, place)
        if place.module == (event.parameter or event.name):
            place.data.append(_origin(event.inputs[0]))
            place.outputs.add(event.output.number)

    def mistakes(self, after: After) -> Iterable[Mistake]:  # noqa: ARG002 - the protocol's
        """One line; the same data again and again are Monte Carlo dropout."""
        for line, place in self._places.items():
            if len(place.data) < 2 or len(set(place.data)) < len(place.data):
                continue
            if place.outputs & self._trained or not place.outputs & self._measured:
                continue
            name = self._modules.get(line, "The model")
            known = line in self._modules
            yield Mistake(
                f"{name} is evaluated in training mode: {_LAYERS[place.what]}.",
                place.frame,
                text=f"Call {name if known else 'model'}.eval() before, and train() afterwards.",
                operands=(name,) if known else (),
            )
            return


def _origin(seen: Seen) -> int:
    """What the first layer was given, as far as it is known."""
    origin = seen
    while seen.maker is not None and seen.maker.inputs:
        if seen.maker.parameter:
            origin = seen.maker.inputs[0]
        seen = seen.maker.inputs[0]
    return origin.number
