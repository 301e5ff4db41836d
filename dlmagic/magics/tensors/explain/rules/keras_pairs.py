"""``apply_gradients`` of Keras, which takes pairs of a gradient and its variable."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"object has no attribute '_unique_id'"),
    re.compile(r"Cannot iterate over a scalar tensor"),
    re.compile(r"apply_gradients\(\) takes \d positional arguments but 3 were given"),
    re.compile(r"too many values to unpack|not enough values to unpack"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The two that were given side by side, and the pairs of them."""
    site = failure.site
    call = called(site)
    if (
        site is None
        or call is None
        or call.name != "apply_gradients"
        or call.owner is None
        or call.keywords
    ):
        return None
    root = type(call.owner.value).__module__.partition(".")[0]
    both = _both(call, site)
    if both is None or root != "keras" or any(_holds_pairs(each) for each in both):
        return None
    gradients, variables = (each.name for each in both)
    one = _is_one(both[1])
    written = f"[({gradients}, {variables})]" if one else f"zip({gradients}, {variables})"
    new = f"{ast.unparse(call.node.func)}({written})"
    return Explained(
        kind="gradient-pairs",
        message=(
            f"apply_gradients takes pairs of a gradient and its variable, and gets {gradients} and "
            f"{variables} side by side."
        ),
        operands=call.arguments[:1],
        candidates=(
            Candidate(f"Pair them: {written}.", line_with(failure.site, {call.node: new})),
        ),
    )


def _both(call: Called, site: Site) -> tuple[Operand, Operand] | None:
    """The gradients and the variables, where they are not paired."""
    if len(call.arguments) == 2:
        return call.arguments[0], call.arguments[1]
    first = call.arguments[0].node if len(call.arguments) == 1 else None
    match first:
        case ast.List([gradients, variables]) | ast.Tuple([gradients, variables]):
            if any(isinstance(each, ast.Tuple | ast.List) for each in (gradients, variables)):
                return None
            return operand(gradients, site), operand(variables, site)
        case _:
            return None


def _is_one(variables: Operand) -> bool:
    """Whether it is a single variable, not a list of them."""
    return variables.description is not None


def _holds_pairs(given: Operand) -> bool:
    """Whether it is a pair already, or the pairs of all."""
    is_zip = isinstance(given.node, ast.Call) and ast.unparse(given.node.func) == "zip"
    return is_zip or isinstance(given.value, tuple | zip)
