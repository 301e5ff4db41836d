"""A whole model where a function of ``torch.nn.utils`` takes its weights."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

PATTERNS = (
    re.compile(r"'\w+' object is not iterable"),
    re.compile(r"'\w+' object has no attribute '(grad|device|view)'"),
)
_MODULES = ("nn.utils.clip_grad", "nn.utils.convert_parameters")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The call with ``parameters()`` of the model."""
    site, call = failure.site, called(failure.site)
    if site is None or call is None or not _is_in(failure):
        return None
    given = call.argument(0, "parameters")
    found = _instead(given) if given is not None else None
    if given is None or found is None:
        return None
    what, new = found
    return Explained(
        kind="weights-expected",
        message=f"{call.name} takes weights, and {given.name} is {what}.",
        operands=(given,),
        candidates=(Candidate(f"Give it {new}.", line_with(site, {given.node: new})),),
    )


def _is_in(failure: Failure) -> bool:
    """Whether the user's call is that of the function itself, or of one that hands on to it."""
    return any(step.module.endswith(_MODULES) for step in failure.below)


def _instead(given: Operand) -> tuple[str, str] | None:
    """What was given, and the code for its weights."""
    torch: Any = sys.modules["torch"]
    if isinstance(given.value, torch.nn.Module):
        return "a whole model", f"{given.name}.parameters()"
    if isinstance(given.value, torch.optim.Optimizer):
        return (
            "an optimiser",
            f'[w for group in {given.name}.param_groups for w in group["params"]]',
        )
    match given.node:
        case ast.Attribute(_, "parameters"):
            return "the method that gives them", f"{given.name}()"
        case ast.Call(ast.Attribute(owner, "named_parameters"), [], []):
            return "pairs of a name and weights", f"{ast.unparse(owner)}.parameters()"
        case ast.Call(ast.Attribute(owner, "state_dict"), [], []):
            return "a dictionary of copies without gradients", f"{ast.unparse(owner)}.parameters()"
    return None
