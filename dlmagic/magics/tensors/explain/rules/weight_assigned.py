"""A tensor that is assigned to a weight of a model."""

from __future__ import annotations

import ast
import re
import sys
from typing import Any

from dlmagic.magics.tensors.explain.calls import module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (
    re.compile(
        r"cannot assign 'torch\.(cuda\.)?\w+Tensor' as parameter '\w+' "
        r"\(torch\.nn\.Parameter or None expected\)"
    ),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The tensor as a weight, and how to keep the weight that there is."""
    site = failure.site
    match site.statement if site is not None else None:
        case ast.Assign([ast.Attribute() as target], value):
            pass
        case _:
            return None
    assert site is not None
    weight, given = operand(target, site), operand(value, site)
    torch: Any = sys.modules["torch"]
    if not isinstance(weight.value, torch.nn.Parameter):
        return None
    new = f"{module_name(site, 'torch.nn', 'torch.nn')}.Parameter({given.name})"
    return Explained(
        kind="weight-assigned",
        message=f"{weight.name} is a weight, an nn.Parameter, and {given.name} is a tensor.",
        operands=(given,),
        candidates=(
            Candidate(
                f"Make a weight of it: {new}.",
                line_with(site, {value: new}),
                lambda: tried(torch.nn.Parameter, given.value),
            ),
        ),
        notes=(_kept(weight, given),),
    )


def _kept(weight: Operand, given: Operand) -> str:
    """What an optimiser does not know of, which holds the weight itself."""
    text = "An optimiser that was made before still holds the old weight: make it again"
    if given.shape is not None and given.shape != weight.shape:
        return f"{text}."
    return (
        f"{text}, or write into the old one: with torch.no_grad(): "
        f"{weight.name}.copy_({given.name})."
    )
