"""An axis, or an index, of which a tensor has too few."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, known, operands_of
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(
        r"Dimension out of range \(expected to be in range of \[-?\d+, (?P<highest>\d+)\], "
        r"but got (?P<asked>-?\d+)"
    ),
    re.compile(r"Dimension out of range \(expected to be .*\], but got (?P<asked>-?\d+)"),
    re.compile(r"too many indices for tensor of dimension \d+"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """How many axes there are; if ``squeeze`` took one away, where."""
    found = known(operands_of(failure.site))[:1]
    shape = found[0].shape if found else None
    if shape is None:
        return None
    tensor = found[0]
    axes = f"{len(shape)} axis" if len(shape) == 1 else f"{len(shape)} axes"
    text = f" {shape}" if shape else ""
    counted = _counted(len(shape), match.groupdict().get("highest"))
    asked = match.groupdict().get("asked")
    wrong = "more indices are given here" if asked is None else f"axis {asked} is asked for here"
    return Explained(
        kind="axis-range",
        message=f"{tensor.name} has {axes}{text}{counted}; {wrong}.",
        operands=(tensor,),
        candidates=tuple(_candidates(failure, tensor)),
    )


def _counted(count: int, highest: str | None) -> str:
    """Which axes may be named; a new one may also be behind the last."""
    if highest == str(count) and count:
        return f", and a new one may be 0 to {count}"
    last = f" to {count - 1}" if count > 1 else ""
    return f", counted from 0{last}" if count else ""


def _candidates(failure: Failure, tensor: Operand) -> Iterator[Candidate]:
    """The last axis where axes were counted from 1; or where ``squeeze`` took one away.

    A bare ``squeeze`` takes the batch axis too where the last batch has one sample.
    """
    site = failure.site
    names = [n for n in ast.walk(tensor.node or ast.Tuple([])) if isinstance(n, ast.Name)]
    for name in names:
        origin = origin_of(name.id, site, failure) if site is not None else None
        for node in ast.walk(origin.value) if origin else ():
            match node:
                case ast.Call(ast.Attribute(owner, "squeeze"), [], []):
                    place = origin.place if origin else None
                    line = line_with(place, {node: f"{ast.unparse(owner)}.squeeze(-1)"})
                    yield Candidate(
                        "Say which axis to remove: squeeze() alone removes a batch of one, too.",
                        line,
                        None,
                        place,
                    )
                    return
    for each in _counted_from_one(site, len(tensor.shape or ()))[:1]:
        yield Candidate("Write -1 for the last axis.", line_with(site, {each.node: "-1"}))


def _counted_from_one(site: Site | None, count: int) -> list[Operand]:
    """The arguments that mean the last axis, if axes were counted from 1 and none is that axis."""
    whole = [each for each in operands_of(site)[1:] if isinstance(each.value, int)]
    if isinstance(site and site.node, ast.Subscript):
        return []
    if any(each.value in (count - 1, -1) for each in whole):
        return []
    return [each for each in whole if each.value == count]
