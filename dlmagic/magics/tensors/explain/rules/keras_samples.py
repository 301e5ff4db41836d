"""Data and labels that are not equally many."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Explained

PATTERNS = (
    re.compile(r"Data cardinality is ambiguous"),
    re.compile(r"arrays should have the same number of samples"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How many of each there are; which of them is right, nobody can tell from here."""
    call = called(failure.site)
    data = call.argument(0, "x") if call else None
    labels = call.argument(1, "y") if call else None
    if data is None or labels is None or not data.shape or not labels.shape:
        return None
    if data.shape[0] == labels.shape[0]:
        return None
    return Explained(
        kind="unequal-samples",
        message=f"There must be one label for each sample: {data.name} has {data.shape[0]}, "
        f"{labels.name} {labels.shape[0]}.",
        operands=(labels, data),
    )
