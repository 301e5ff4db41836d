"""An index beyond the end of an axis, or more indices than axes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"index -?\d+ is out of bounds for axis \d+"),
    re.compile(r"slice index -?\d+ of dimension \d+ out of bounds"),
    re.compile(r"[Tt]oo many indices"),
    re.compile(r"Index out of range using input dim \d+; input has only \d+ dims"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which axis, how long it is, and which index does not fit."""
    site = failure.site
    if site is None or not isinstance(site.node, ast.Subscript):
        return None
    array = operand(site.node.value, site)
    index = site.node.slice
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    if array.shape is None:
        return None
    return _too_many(site, array, parts) or _too_far(site, array, parts)


def _too_many(site: Site, array: Operand, parts: list[ast.expr]) -> Explained | None:
    shape = array.shape or ()
    axes = sum(map(_takes, parts, [site] * len(parts)))
    if axes <= len(shape):
        return None
    return Explained(
        kind="too-many-indices",
        message=f"{array.name} has {_counted(len(shape), 'axis', 'axes')}, and is given {axes} "
        "indices.",
        operands=(array,),
        candidates=tuple(_fewer(site, parts, axes - len(shape))),
    )


def _takes(part: ast.expr, site: Site) -> int:
    """How many axes an index takes; a mask takes all of its own."""
    value = value_of(part, site)
    if value is None or value is Ellipsis:
        return 0
    known = operand(part, site)
    masks = known.description is not None and known.description.dtype == "bool"
    return len(known.shape or ()) if masks else 1


def _fewer(site: Site, parts: list[ast.expr], extra: int) -> Iterator[Candidate]:
    kept = parts[: len(parts) - extra]
    if kept and isinstance(site.node, ast.Subscript):
        code = ", ".join(ast.unparse(part) for part in kept)
        text = f"Leave out the last {'index' if extra == 1 else f'{extra} indices'}."
        yield rewritten(site, text, {site.node.slice: code})


def _too_far(site: Site, array: Operand, parts: list[ast.expr]) -> Explained | None:
    for axis, (part, length) in enumerate(zip(parts, array.shape or (), strict=False)):
        worst = _beyond(operand(part, site).value, length)
        if worst is None:
            continue
        named = ast.unparse(part)
        value = f" ({named} is {worst})" if isinstance(part, ast.Name) else ""
        return Explained(
            kind="index-out-of-range",
            message=f"Axis {axis} of {array.name} has {_counted(length, 'element', 'elements')}, "
            f"counted from 0: index {worst} is beyond the last, {length - 1}{value}.",
            operands=(array,),
            candidates=tuple(_last(site, part, worst, length)),
        )
    return None


def _beyond(index: Any, length: int) -> int | None:
    """The number of an index, or in a list of indices, that does not fit."""
    numbers = index if isinstance(index, list | tuple) else [index]
    whole = [each for each in numbers if type(each) is int]
    return next((each for each in whole if not -length <= each < length), None)


def _last(site: Site, part: ast.expr, worst: int, length: int) -> Iterator[Candidate]:
    """The last element, where the index is one too many."""
    if worst == length and isinstance(part, ast.Constant | ast.Name | ast.BinOp | ast.Call):
        yield rewritten(site, "Take the last element.", {part: "-1"})


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
