"""A mask of numbers where one of True and False is taken."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operands_of

PATTERNS = (
    re.compile(r"masked_\w+ only supports boolean masks"),
    re.compile(r"masked_\w+: expected BoolTensor for mask"),
    re.compile(r"where expected condition to be a boolean tensor"),
    re.compile(r"tensors used as indices must be long"),
)
_METHODS = ("masked_fill", "masked_fill_", "masked_select", "masked_scatter", "masked_scatter_")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which value is the mask, and what it holds."""
    of_index = match.re is PATTERNS[-1]
    mask = _index(failure) if of_index else _mask(called(failure.site))
    if mask is None or mask.dtype in (None, "bool"):
        return None
    marks = holds_marks(mask.value)
    if of_index and not marks:
        return None  # an index of another type
    return Explained(
        kind="mask-dtype",
        message=f"A mask holds True and False (bool); {mask.name} is {mask.dtype}.",
        operands=(mask,),
        candidates=tuple(_candidates(failure, mask, marks)),
    )


def _candidates(failure: Failure, mask: Operand, marks: bool | None) -> Iterator[Candidate]:
    if marks is False:
        return
    call = called(failure.site)
    text = "Make it bool, True where it is 1: {}."
    if call is not None and call.name.startswith("masked_"):
        verb = "takes what is there" if call.name == "masked_select" else "writes there"
        text = f"Make it bool, True where it is 1, and {call.name} {verb}: {{}}."
    yield with_call(failure, mask, text, ".bool()", lambda each: each.bool())
    if call is None and len(mask.shape or ()) == 1:
        text = "If it holds the numbers of rows, make it int64: {}."
        yield with_call(failure, mask, text, ".long()", lambda each: each.long())


def _mask(call: Called | None) -> Operand | None:
    if call is None:
        return None
    first = 0 if call.owner is not None or call.name == "where" else 1
    if call.name == "where":
        return call.argument(first, "condition")
    return call.argument(first, "mask") if call.name in _METHODS else None


def _index(failure: Failure) -> Operand | None:
    """An index with one element for each element of the tensor, or of its first axes."""
    found = operands_of(failure.site)
    if len(found) != 2 or not found[0].shape or not found[1].shape:
        return None
    owner, index = (each.shape or () for each in found)
    return found[1] if owner[: len(index)] == index else None


def holds_marks(mask: Any) -> bool | None:
    """Whether it holds zeros and ones alone; None where that is not to be seen."""
    torch: Any = sys.modules["torch"]
    if not is_plain_tensor(mask) or mask.device.type != "cpu":
        return None
    return bool(torch.logical_or(mask == 0, mask == 1).all())
