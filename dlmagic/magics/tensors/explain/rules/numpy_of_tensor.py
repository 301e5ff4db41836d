"""A tensor that NumPy cannot have as it is: it records gradients, or lies on a device."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Explained, Operand, known, operands_of

PATTERNS = (
    re.compile(r"Can't call numpy\(\) on (Tensor|Variable) that requires grad"),
    re.compile(r"[Cc]an't convert \S+ (device type )?tensor to numpy"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which tensor, and what stands in the way."""
    blocked = [each for each in known(operands_of(failure.site)) if _way(each)]
    if not blocked:
        return None
    tensor = blocked[0]
    reasons = [reason for _, reason in _way(tensor)]
    code = "".join(code for code, _ in _way(tensor))
    return Explained(
        kind="numpy-of-tensor",
        message=f"NumPy cannot share the memory of {tensor.name}: it {' and '.join(reasons)}.",
        operands=(tensor,),
        candidates=(
            with_call(failure, tensor, "Give it {}.", code, lambda value: value.detach().numpy()),  # type: ignore[attr-defined]
        ),
    )


def _way(tensor: Operand) -> list[tuple[str, str]]:
    """What must be called before, and why."""
    known = tensor.description
    steps = []
    if known is not None and known.requires_grad:
        steps.append((".detach()", "records gradients"))
    if known is not None and known.device is not None and known.device != "cpu":
        steps.append((".cpu()", f"is on {known.device}"))
    return steps
