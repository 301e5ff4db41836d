"""A ``TensorDataset`` that is given arrays, or tensors with unequal numbers of samples."""

from __future__ import annotations

import re
from typing import Any

from dlmagic.display.units import listed
from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.rules.wrong_object import made_of

PATTERNS = (
    re.compile(r"'int' object is not callable"),
    re.compile(r"'(list|tuple)' object has no attribute 'size'"),
    re.compile(r"Size mismatch between tensors"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which of its values are no tensors, or how many samples each has."""
    step = failure.inside("__init__", "utils.data.dataset")
    call, site = called(failure.site), failure.site
    if step is None or step.local("tensors") is None or call is None or site is None:
        return None
    given = [each for each in call.arguments if each.node is not None]
    if match.re is PATTERNS[-1]:
        return _of_lengths(given)
    changes: dict[Any, str] = {}
    for each in given:
        made = made_of(each.value) if type(each.value).__name__ in ("ndarray", "list") else None
        if made is not None:
            changes[each.node] = made[0].format(each.name)
    if not changes:
        return None
    wrong = [each for each in given if each.node in changes]
    return Explained(
        kind="wrong-object",
        message=(
            f"{call.name} takes tensors; {listed(each.name for each in wrong)} "
            f"{'is' if len(wrong) == 1 else 'are'} none."
        ),
        operands=tuple(wrong),
        candidates=(Candidate("Make tensors of them.", line_with(site, changes)),),
    )


def _of_lengths(given: list[Operand]) -> Explained | None:
    lengths = [each.shape[0] if each.shape else None for each in given]
    other = next((k for k, each in enumerate(lengths) if each != lengths[0]), None)
    if other is None or None in lengths:
        return None
    return Explained(
        kind="joined-sizes",
        message=(
            "All tensors of a data set have one row for each sample: "
            f"{given[0].name} has {lengths[0]}, {given[other].name} has {lengths[other]}."
        ),
        operands=(given[other], given[0]),
    )
