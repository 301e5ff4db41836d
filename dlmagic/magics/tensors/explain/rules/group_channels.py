"""``nn.GroupNorm`` that was made for another number of channels than it gets."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given, with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import (
    at_start,
    constructor_of,
    found_module,
    named_module,
)
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

PATTERNS = (
    re.compile(r"Expected number of channels in input to be divisible by num_groups"),
    re.compile(r"Expected weight to be a vector of size equal to the number of channels in input"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which layer, and how many channels there are on their axis."""
    torch: Any = sys.modules["torch"]
    step = failure.inside("forward", "nn.modules.normalization")
    layer: Any = step.local("self") if step is not None else None
    if step is None or not isinstance(layer, torch.nn.GroupNorm):
        return None
    name = named_module(layer, failure.sites)
    taken = given(failure, step.local("input"), 0, f"the input of {name}")
    shape, wanted = taken.shape or (), layer.num_channels
    if len(shape) < 2 or shape[1] == wanted:
        return None
    return Explained(
        kind="channels",
        message=(
            f"{at_start(name)} was made for {wanted} channel{'' if wanted == 1 else 's'}; "
            f"{taken.name} {shape} has {shape[1]} on that axis."
        ),
        operands=(taken,),
        candidates=tuple(_candidates(failure, layer, taken, shape)),
    )


def _candidates(
    failure: Failure, layer: Any, taken: Operand, shape: tuple[int, ...]
) -> Iterator[Candidate]:
    """The channels brought to their axis, or the layer made for those that are there."""
    if len(shape) > 2 and shape[-1] == layer.num_channels:
        text = "Bring the channels to their axis: {}."
        yield with_call(failure, taken, text, ".movedim(-1, 1)", None)
    if len(shape) > 3 and shape[-1] == layer.num_channels != shape[-2]:
        return  # images whose channels are the last axis
    groups, gets = layer.num_groups, shape[1]
    if gets % groups:
        yield Candidate(f"Make it for {gets} channels, with a number of groups that divides them.")
        return
    made = constructor_of(found_module(layer, failure.sites), failure)
    line = made.with_argument(1, "num_channels", str(gets)) if made is not None else None
    text = f"Make it for what it gets: nn.GroupNorm({groups}, {gets})."
    yield Candidate(text, line, None, made.place if made is not None else None)
