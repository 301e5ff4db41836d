"""``backward()`` of a number that was taken out of the loss."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.assigning import Origin, origin_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (re.compile(r"'(float|int)' object has no attribute 'backward'"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Where the number was taken out of the tensor."""
    site = failure.site
    owner = _owner(site.node) if site is not None else None
    if site is None or owner is None:
        return None
    number = operand(owner, site)
    origin = origin_of(owner.id, site, failure) if isinstance(owner, ast.Name) else None
    taken = _taken_from(origin.value if origin is not None else owner)
    if taken is None:
        return None
    return Explained(
        kind="number-backward",
        message=(
            f"backward() belongs to tensors, which know what they were computed from: "
            f"{number.name} is a mere {match[1]}, since .item() takes the number out of "
            f"{ast.unparse(taken)}."
        ),
        operands=(number,),
        candidates=(_kept(site, number, origin, taken),),
    )


def _owner(node: ast.expr | None) -> ast.expr | None:
    inner = node.func if isinstance(node, ast.Call) else node
    return inner.value if isinstance(inner, ast.Attribute) and inner.attr == "backward" else None


def _taken_from(node: ast.expr) -> ast.expr | None:
    """The tensor that an expression takes the number out of."""
    match node:
        case ast.Call(ast.Attribute(tensor, "item"), [], []):
            return tensor
        case _:
            return None


def _kept(site: Site, number: Operand, origin: Origin | None, taken: ast.expr) -> Candidate:
    """The line with the tensor, or with another name for the number."""
    tensor = ast.unparse(taken)
    if origin is None:
        assert number.node is not None
        return Candidate("Leave out .item().", line_with(site, {number.node: tensor}))
    place = origin.place
    if tensor == number.name:
        line = f"{tensor}_value = {ast.unparse(origin.value)}"
        alone = isinstance(origin.statement, ast.Assign) and place.source == ast.unparse(
            origin.statement
        )
        free = f"{tensor}_value" not in site.names
        text = f"Keep the number under a name of its own, and {tensor} as it is."
        return Candidate(text, line if alone and free else None, None, place)
    return Candidate(
        "Leave out .item() there, and take it only where the number is shown.",
        line_with(place, {origin.value: tensor}),
        None,
        place,
    )
