"""A layer that takes a certain number of axes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.arguments import given, with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import at_start, named_module
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

PATTERNS = (
    re.compile(r"expected (?P<least>\d)D( or (?P<most>\d)D)? input \(got \dD input\)"),
    re.compile(
        r"Expected (?P<least>\d)D \(unbatched\) or (?P<most>\d)D \(batched\) input to \w+, but got"
    ),
    re.compile(r"Expected input to be (?P<least>\d)D or (?P<most>\d)D, got \dD"),
    re.compile(r"input must have (?P<least>\d) dimensions, got \d"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """How many axes it takes, and how many it gets."""
    steps = [each for each in reversed(failure.below) if each.function == "forward"]
    if not steps:
        return None
    name = named_module(steps[0].local("self"), failure.sites)
    taken = given(failure, steps[0].local("input"), 0, f"the input of {name}")
    least = int(match["least"])
    most = int(match.groupdict().get("most") or least)
    if taken.shape is None or least <= len(taken.shape) <= most:
        return None
    wanted = f"{least}" if least == most else f"{least} or {most}"
    return Explained(
        kind="axes-count",
        message=(
            f"{at_start(name)} takes {wanted} axes; {taken.name} has {len(taken.shape)} "
            f"{taken.shape}."
        ),
        operands=(taken,),
        candidates=tuple(_candidates(failure, taken, least, most)),
    )


def _candidates(failure: Failure, taken: Operand, least: int, most: int) -> Iterator[Candidate]:
    count = len(taken.shape or ())
    if taken.node is not None and count == least - 1 and least == most:
        text = "Give it a batch axis of one: {}."
        yield with_call(failure, taken, text, ".unsqueeze(0)", None)
    elif taken.node is not None and count == most + 1 and 1 in (taken.shape or ()):
        axis = (taken.shape or ()).index(1)
        text = "Take the axis of length one away: {}."
        yield with_call(failure, taken, text, f".squeeze({axis})", None)
