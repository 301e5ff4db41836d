"""Numbers of classes that the output does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.losses import Loss, loss_of
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (re.compile(r"Target -?\d+ is out of bounds"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The least and the greatest number, and how many classes there are."""
    loss = loss_of(failure)
    if loss is None or loss.target.value.device.type != "cpu" or not loss.is_of_classes:
        return None
    shape, target = loss.output.shape or (), loss.target.value
    classes = shape[1] if len(shape) > 1 else shape[0]
    least, most = int(target.min()), int(target.max())
    if least >= 0 and most < classes:
        return None
    name = loss.target.name
    return Explained(
        kind="class-range",
        message=(
            f"{loss.output.name} has {classes} classes, which are counted from 0 to "
            f"{classes - 1}; {name} holds numbers from {least} to {most}."
        ),
        operands=(loss.target, loss.output),
        candidates=tuple(_candidates(loss, classes, least, most)),
    )


def _candidates(loss: Loss, classes: int, least: int, most: int) -> Iterator[Candidate]:
    if least == 1 and most == classes:
        way = "take 1 from each label" if loss.target.node is None else "{}"
        yield loss.with_target(f"Count the classes from 0: {way}.", " - 1", lambda y: y - 1)
    elif most >= classes:
        yield Candidate(f"Give the last layer {most + 1} outputs, one for each class.")
    else:
        yield Candidate(
            "Leave those out that stand for no class, or name one of them ignore_index."
        )
