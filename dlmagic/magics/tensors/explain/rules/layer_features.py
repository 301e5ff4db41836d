"""A linear layer that was made for another number of features than it gets."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from math import prod
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given, running_layer, with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import Mend, made_for
from dlmagic.magics.tensors.explain.mending import further_edits, mend
from dlmagic.magics.tensors.explain.modules import at_start, named_module
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

PATTERNS = (
    re.compile(r"mat1 and mat2 shapes cannot be multiplied"),
    re.compile(r"size mismatch, (m1|got input)"),
    re.compile(r"a and b must have same reduction dim"),
    re.compile(r"mat1 dim 1 must match mat2 dim 0"),
    re.compile(r"input\.size\(-1\) must be equal to input_size"),
    re.compile(r"input has inconsistent input_size"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which layer, what it was made for, and what it gets."""
    layer, value = running_layer(failure, "linear", "rnn")
    made = made_for(layer)
    if made is None:
        return None
    name = named_module(layer, failure.sites)
    wanted = getattr(layer, made.keyword)
    operand = Operand(f"the input of {name}", value)
    if not isinstance(wanted, int) or not operand.shape or operand.shape[-1] == wanted:
        return None
    broken = Mend(layer, wanted, operand.shape[-1], operand.shape)
    return Explained(
        kind="layer-features",
        message=f"{at_start(name)} was made for {wanted} features and gets {broken.gets}.",
        operands=(operand, *_weight(name, layer)),
        candidates=tuple(_candidates(failure, operand, broken)),
        further=tuple(further_edits(failure, broken)),
    )


def _weight(name: str, layer: Any) -> list[Operand]:
    weight = getattr(layer, "weight", None)
    return [] if weight is None else [Operand(f"{name}.weight", weight)]


def _candidates(failure: Failure, operand: Operand, broken: Mend) -> Iterator[Candidate]:
    shape = operand.shape or ()
    if len(shape) > 2 and prod(shape[1:]) == broken.wanted:
        taken = given(failure, operand.value, 0, "")
        if taken.node is not None:
            yield with_call(
                failure, taken, "Flatten all axes but the batch: {}.", ".flatten(1)", _fits(broken)
            )
            return
    yield mend(failure, broken)


def _fits(broken: Mend) -> Any:
    torch: Any = sys.modules["torch"]
    return lambda value: torch.nn.functional.linear(
        value.flatten(1), value.new_zeros((1, broken.wanted))
    )
