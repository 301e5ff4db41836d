"""One row for each sample, for a loss that takes class ids."""

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
    re.compile(r"Argument `?output`? must have rank \(ndim\) `?target.ndim"),
    re.compile(r"logits and labels must have the same first dimension"),
    re.compile(r"labels.shape.rank`? must equal `?logits.shape.rank - 1|Rank mismatch: Rank of"),
    re.compile(r"Can not squeeze dim\[\d\], expected a dimension of 1, got \d+"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which labels they are, and the two ways to make them fit the loss."""
    found = compared(failure)
    if found is None or not found.is_sparse or failure.site is None:
        return None
    shape, classes = found.labels.shape, found.classes
    if shape is None or classes is None or len(shape) < 2 or shape[-1] != classes:
        return None
    return Explained(
        kind="one-hot-labels",
        message=f"The loss takes one class id for each sample, and {found.labels.name} {shape} "
        f"has a row of {classes}.",
        operands=(found.labels, *([found.outputs] if found.outputs else [])),
        candidates=tuple(_candidates(failure.site, found)),
    )


def _candidates(site: Site, found: Compared) -> Iterator[Candidate]:
    if found.labels.node is not None:
        numpy = module_name(site, "numpy", "np")
        code = f"{numpy}.argmax({found.labels.name}, axis=-1)"
        line = line_with(site, {found.labels.node: code})
        yield Candidate("Turn the rows into class ids.", line, lambda: _one_of_each(found))
    yield from with_loss(site, found, "categorical_crossentropy")


def _one_of_each(found: Compared) -> Tried:
    """Whether each row has a single one among zeros."""
    numbers: Any = found.numbers
    if numbers is None:
        return "not tried"
    ones = np.all((numbers == 0) | (numbers == 1)) and np.all(numbers.sum(axis=-1) == 1)
    return "verified" if ones else "failed"
