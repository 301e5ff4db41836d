"""Class ids for a loss that takes one row of probabilities for each sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_losses import with_loss
from dlmagic.magics.tensors.explain.labels import Compared, compared
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried

PATTERNS = (
    re.compile(r"Arguments `?target`? and `?output`? must have the same"),
    re.compile(r"Shapes \(.*?\) and \(.*?\) are incompatible"),
    re.compile(r"logits and labels must be broadcastable"),
    re.compile(r"You are passing a target array of shape .* while using as loss"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which labels they are, and the two ways to make them fit the loss."""
    found = compared(failure)
    if found is None or not found.is_categorical or failure.site is None:
        return None
    classes, labels = found.classes, found.labels
    if classes is None or not _are_ids(labels.shape, classes):
        return None
    return Explained(
        kind="class-ids",
        message=f"The loss takes {classes} probabilities for each sample, and {labels.name} "
        f"{labels.shape} has one class id for each.",
        operands=(labels, *([found.outputs] if found.outputs else [])),
        candidates=tuple(_candidates(failure.site, found, classes)),
    )


def _are_ids(shape: tuple[int, ...] | None, classes: int) -> bool:
    return shape is not None and classes > 1 and (len(shape) == 1 or shape[1:] == (1,))


def _candidates(site: Site, found: Compared, classes: int) -> Iterator[Candidate]:
    if found.labels.node is not None:
        utils = module_name(site, "keras", "keras")
        code = f"{utils}.utils.to_categorical({found.labels.name}, {classes})"
        line = line_with(site, {found.labels.node: code})
        yield Candidate(
            "Turn the class ids into rows of 0 and 1 (one-hot).",
            line,
            lambda: _in_range(found, classes),
        )
    yield from with_loss(site, found, "sparse_categorical_crossentropy")


def _in_range(found: Compared, classes: int) -> Tried:
    """Whether all ids stand for a class."""
    numbers: Any = found.numbers
    if numbers is None:
        return "not tried"
    return "verified" if np.all((numbers >= 0) & (numbers < classes)) else "failed"
