"""Normalisation over a batch that has one sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import found_module
from dlmagic.magics.tensors.explain.rule import Candidate, Explained

PATTERNS = (re.compile(r"Expected more than 1 (value per channel|spatial element) when training"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which layer, and the two ways out: no batch of one, or no training."""
    step = failure.inside("forward", "nn.modules.batchnorm") or failure.inside(
        "forward", "nn.modules.instancenorm"
    )
    if step is None:
        return None
    layer: Any = step.local("self")
    taken = given(failure, step.local("input"), 0, "the input")
    shape = taken.shape
    if shape is None or prod(shape) != shape[1] or not layer.training:
        return None
    found = found_module(layer, failure.sites)
    name = found.name if found else "A normalisation"
    return Explained(
        kind="batch-of-one",
        message=(
            f"{name} needs more than one value per channel while it trains, to take their mean and "
            f"variance: {taken.name} {shape} has one."
        ),
        operands=(taken,),
        candidates=tuple(_candidates(found.root if found and found.path else name)),
    )


def _candidates(model: str) -> Iterator[Candidate]:
    yield Candidate(
        "To train, leave out a last batch of one sample: DataLoader(…, drop_last=True)."
    )
    yield Candidate(f"To predict, first call {model}.eval().")
