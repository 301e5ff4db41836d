"""A linear layer that was made for another number of features than it gets."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import named_module
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

PATTERNS = (
    re.compile(r"mat1 and mat2 shapes cannot be multiplied"),
    re.compile(r"size mismatch, (m1|got input)"),
    re.compile(r"mat1 dim 1 must match mat2 dim 0"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which layer, what it was made for, and what it gets."""
    inside = failure.inside("forward", "nn.modules.linear")
    if inside is None:
        return None
    layer, given = inside.local("self"), inside.local("input")
    name = named_module(layer, failure.sites)
    wanted = getattr(layer, "in_features", None)
    operand = Operand(f"the input of {name}", given)
    if not isinstance(wanted, int) or not operand.shape or operand.shape[-1] == wanted:
        return None
    got = operand.shape[-1]
    outputs = getattr(layer, "out_features", "…")
    return Explained(
        kind="layer-features",
        message=f"{name} was made for {wanted} features and gets {got}.",
        operands=(operand, Operand(f"{name}.weight", getattr(layer, "weight", None))),
        candidates=(Candidate(f"Make it for what it gets: nn.Linear({got}, {outputs})."),),
    )
