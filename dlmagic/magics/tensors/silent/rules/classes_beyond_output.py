"""More outputs than there are classes, over as many labels as were seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_LOSSES = frozenset({"cross_entropy", "nll_loss"})
_LABELS_PER_CLASS = 20
"""With fewer labels, a class may be missing by chance."""


@dataclass
class _Labels:
    """What was seen of the labels of one loss."""

    frame: Frame | None
    classes: int
    count: int = 0
    largest: int = 0


class Rule(Listening):
    """Losses on class numbers, one label for each row."""

    kind = "classes-beyond-output"
    sure: Sure = "likely"

    def __init__(self) -> None:
        super().__init__()
        self._labels: dict[tuple[int, int], _Labels] = {}

    def hear(self, event: Event) -> None:
        """A loss, and the largest of its labels."""
        if not isinstance(event, Operation) or event.name not in _LOSSES or len(event.inputs) < 2:
            return
        scores, labels = event.inputs[:2]
        if len(scores.shape) != 2 or len(labels.shape) != 1 or event.data_range is None:
            return
        key = (event.frame.line if event.frame else 0, scores.shape[1])
        seen = self._labels.setdefault(key, _Labels(event.frame, scores.shape[1]))
        seen.count += labels.shape[0]
        seen.largest = max(seen.largest, int(event.data_range[1]))

    def mistakes(self, after: After) -> Iterable[Mistake]:  # noqa: ARG002 - the protocol's
        """One for each loss."""
        largest: dict[int, int] = {}
        for each in self._labels.values():
            largest[each.classes] = max(each.largest, largest.get(each.classes, 0))
        for seen in self._labels.values():
            used = largest[seen.classes] + 1
            # Where the first alone is ever right, scores are pairs that are contrasted.
            if 1 < used < seen.classes and seen.count >= _LABELS_PER_CLASS * seen.classes:
                yield Mistake(
                    f"The model gives {seen.classes} scores, and none of {seen.count} labels is "
                    f"larger than {used - 1}: there seem to be {used} classes.",
                    seen.frame,
                    text=f"Give the last layer {used} outputs, if there are no more classes.",
                )
                return
