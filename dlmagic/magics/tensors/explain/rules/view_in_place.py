"""A view that was made without gradients and is changed while they are recorded."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, known, operand
from dlmagic.magics.tensors.explain.statements import changed_in_place, out_of_place

PATTERNS = (
    re.compile(r"view was created in (no_grad|inference) mode and .*modified inplace", re.DOTALL),
    re.compile(r"output of a function that returns multiple views", re.DOTALL),
    re.compile(r"Inplace update to inference tensor outside InferenceMode"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which view, and the line that makes a new tensor."""
    site = failure.site
    target = changed_in_place(site.statement if site else None)
    if site is None or target is None:
        return None
    changed = operand(target, site)
    new = out_of_place(site.statement)
    if not known([changed]):
        return None
    line = line_with(site, {site.statement: new}) if new else None
    what = "is a view of another tensor that may not be changed in place where gradients are "
    what += "recorded"
    if getattr(changed.value, "is_inference", bool)():
        what = "was made in torch.inference_mode(), and may not be changed in place outside of it"
    return Explained(
        kind="view-in-place",
        message=f"{changed.name} {what}.",
        operands=(changed,),
        candidates=(Candidate("Make a new tensor instead of a change in place.", line),),
    )
