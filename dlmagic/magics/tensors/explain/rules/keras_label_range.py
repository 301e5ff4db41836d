"""A label for which there is no class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import calls_of, edited_lines
from dlmagic.magics.tensors.explain.labels import Compared, compared
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried

PATTERNS = (
    re.compile(r"Received a label value of -?\d+ which is outside the valid range of \[0, \d+\)"),
    re.compile(r"index -?\d+ is out of bounds for axis 1 with size"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The range of the labels, and that of the classes."""
    found = compared(failure)
    numbers: Any = found.numbers if found and found.is_sparse else None
    if found is None or numbers is None or not numbers.size or failure.site is None:
        return None
    low, high, classes = int(numbers.min()), int(numbers.max()), found.classes
    if classes is None or (low >= 0 and high < classes):
        return None
    return Explained(
        kind="label-range",
        message=f"There are {classes} classes, 0 to {classes - 1}, and {found.labels.name} has "
        f"labels from {low} to {high}.",
        operands=(found.labels, *([found.outputs] if found.outputs else [])),
        candidates=tuple(_candidates(failure.site, found, low, high)),
    )


def _candidates(site: Site, found: Compared, low: int, high: int) -> Iterator[Candidate]:
    classes, node = found.classes or 0, found.labels.node
    if low == 1 and high == classes and node is not None:
        code = f"{in_brackets(node, found.labels.name)} - 1"
        yield Candidate("Count the labels from 0.", line_with(site, {node: code}), _fits)
        return
    if low < 0:
        return
    text = f"Give the model {high + 1} outputs, one for each class."
    layers = [call for call in calls_of(site, "Dense") if call.args]
    last = [call.args[0] for call in layers if getattr(call.args[0], "value", None) == classes]
    yield from edited_lines(site, ((each, str(high + 1)) for each in last[-1:]), text)


def _fits() -> Tried:
    """All labels are within the classes when they are one less: the range has been read."""
    return "verified"
