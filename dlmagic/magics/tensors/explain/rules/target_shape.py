"""A target that must have the shape of the output, and has another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.losses import Loss, loss_of
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (
    re.compile(r"Target size \(.*\) must be the same as input size"),
    re.compile(r"Using a target size \(.*\) that is different to the input size"),
    re.compile(r"The size of tensor a \(\d+\) must match the size of tensor b"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The two shapes, and the axis of length one that one of them lacks."""
    loss = loss_of(failure)
    if loss is None or loss.is_of_classes or loss.output.shape == loss.target.shape:
        return None
    output, target = loss.output, loss.target
    return Explained(
        kind="target-shape",
        message=(
            f"{loss.name} compares element by element: {output.name} is {output.shape}, "
            f"{target.name} is {target.shape}."
        ),
        operands=(target, output),
        candidates=tuple(_candidates(loss)),
    )


def _candidates(loss: Loss) -> Iterator[Candidate]:
    output, target = loss.output.shape or (), loss.target.shape or ()
    if output == (*target, 1):
        code = f".unsqueeze({len(target)})"
        yield loss.with_target(
            "Give it an axis of length one: {}.", code, lambda y: y.unsqueeze(-1)
        )
    elif target == (*output, 1):
        code = f".squeeze({len(output)})"
        yield loss.with_target(
            "Take the axis of length one away: {}.", code, lambda y: y.squeeze(-1)
        )
