"""The shape of a tensor that is taken apart into more or fewer names than it has axes."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (re.compile(r"(?:not enough|too many) values to unpack \(expected \d+"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How many axes the tensor has, and which names are waiting for them."""
    site = failure.site
    names = _names(site)
    tensor = _tensor(site) if names and not failure.below else None
    if tensor is None or tensor.shape is None or len(tensor.shape) == len(names):
        return None
    count = len(tensor.shape)
    axes = "axis" if count == 1 else "axes"
    return Explained(
        kind="shape-unpacked",
        message=f"{', '.join(names)} want {len(names)} axes; {tensor.name} has {count} {axes}: "
        f"{tensor.shape}.",
        operands=(tensor,),
        candidates=tuple(_candidates(tensor, len(names) - count)),
    )


def _names(site: Site | None) -> list[str]:
    """What stands to the left of the sign, where no star takes the rest."""
    match site.statement if site else None:
        case ast.Assign([ast.Tuple(names) | ast.List(names)]):
            starred = any(isinstance(each, ast.Starred) for each in names)
            return [] if starred else [ast.unparse(each) for each in names]
    return []


def _tensor(site: Site | None) -> Operand | None:
    """What has the shape: ``x`` of ``x.shape`` and of ``x.size()``."""
    statement = site.statement if site else None
    if site is None or not isinstance(statement, ast.Assign):
        return None
    match statement.value:
        case ast.Attribute(owner, "shape") | ast.Call(ast.Attribute(owner, "size"), [], []):
            return operand(owner, site)
    return None


def _candidates(tensor: Operand, missing: int) -> list[Candidate]:
    if missing != 1:
        return []
    return [
        Candidate(f"Where it is one sample, hand it in as a batch of one: {tensor.name}[None].")
    ]
