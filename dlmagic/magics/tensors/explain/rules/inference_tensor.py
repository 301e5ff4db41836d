"""A tensor of ``torch.inference_mode``, which is never part of a recorded computation."""

from __future__ import annotations

import re
from typing import Any

from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(r"Inference tensors cannot be saved for backward"),
    re.compile(r"Setting requires_grad=True on inference tensor outside InferenceMode"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which tensor, and a copy of it that may be recorded."""
    found = [each for each in operands_of(failure.site) if _is_inference(each.value)]
    if not found:
        return None
    return Explained(
        kind="inference-tensor",
        message=(
            f"{found[0].name} was made in torch.inference_mode(), and what is made there cannot "
            "take part in a computation with gradients."
        ),
        operands=(found[0],),
        candidates=(_copied(failure, found[0]),),
        notes=("What is made in torch.no_grad() instead can be used anywhere.",),
    )


def _is_inference(value: Any) -> bool:
    if value is MISSING:
        return False
    asked = getattr(type(value), "is_inference", None)
    return asked is not None and bool(asked(value))


def _copied(failure: Failure, found: Operand) -> Candidate:
    text = "Use a copy, which is an ordinary tensor: {}."
    return with_call(failure, found, text, ".clone()", lambda each: each.clone())
