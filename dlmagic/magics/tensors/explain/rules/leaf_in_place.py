"""A weight that is changed in place while gradients are recorded."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, operand
from dlmagic.magics.tensors.explain.statements import changed_in_place

PATTERNS = (re.compile(r"leaf Variable that requires grad .*in-place operation"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which weight, and that the change must not be recorded."""
    site = failure.site
    target = changed_in_place(site.statement if site else None)
    if site is None or target is None:
        return None
    while isinstance(target, ast.Subscript):
        target = target.value
    changed = operand(target, site)
    known = changed.description
    if known is None or not known.requires_grad:
        return None
    block = f"with torch.no_grad(): {ast.unparse(site.statement) if site.statement else ''}"
    line = None if ";" in site.source else line_with(site, {site.statement: block})
    return Explained(
        kind="leaf-in-place",
        message=(
            f"{changed.name} is trained (requires_grad=True): it may not be changed in place while "
            "gradients are recorded."
        ),
        operands=(changed,),
        candidates=(Candidate("Change it without recording: with torch.no_grad().", line),),
    )
