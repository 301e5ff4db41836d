"""An operation that takes fractions only, on whole numbers."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import (
    Candidate,
    Explained,
    Operand,
    known,
    operand,
    operands_of,
)
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.statements import changed_in_place, out_of_place
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(
        r"could not infer output dtype\. Input dtype must be either a floating point"
        r"( or complex dtype\. Got: (?P<kind>\w+))?"
    ),
    re.compile(r"[Oo]nly Tensors of floating point (and complex )?dtype can require gradients"),
    re.compile(r"mean\(\): input dtype should be either floating point"),
    re.compile(r"Can only calculate the mean of floating types"),
    re.compile(r"not implemented for '(Long|Int|Byte|Bool|Short|Char)'"),
    re.compile(r"result type \w+ can't be cast to the desired output type"),
    re.compile(r"linalg\.\w+: Expected a floating point or complex tensor"),
)
_DTYPES = {"Bool": "bool", "Long": "int64", "Int": "int32", "Byte": "uint8"}


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which value holds whole numbers."""
    site = failure.site
    changed = [] if "require gradients" in match[0] else _changed(site)
    found = [each for each in [*changed, *known(operands_of(site))] if _is_whole(each)]
    found = found or _not_known(site, match)
    if site is None or not found:
        return None
    dtype = found[0].dtype or _DTYPES[match["kind"]]
    holds = "True and False" if dtype == "bool" else "whole numbers"
    return Explained(
        kind="whole-numbers",
        message=f"{found[0].name} holds {holds} ({dtype}); floating point numbers are needed here.",
        operands=(found[0],),
        candidates=_candidates(failure, found[0], bool(changed)),
    )


def _not_known(site: Site | None, match: re.Match[str]) -> list[Operand]:
    """The owner of a method, which cannot be computed again; the error tells its type."""
    node = site.node if site else None
    match node:
        case ast.Call(ast.Attribute(owner, "mean")) if match.groupdict().get("kind") in _DTYPES:
            return [Operand(ast.unparse(owner), MISSING, owner)]
    return []


def _changed(site: Site | None) -> list[Operand]:
    node = changed_in_place(site.statement if site else None)
    return [operand(node, site)] if site is not None and node is not None else []


def _candidates(failure: Failure, whole: Operand, in_place: bool) -> tuple[Candidate, ...]:
    site = failure.site
    new = out_of_place(site.statement) if site and in_place else None
    if new is not None and site is not None:
        line = line_with(site, {site.statement: new})
        return (Candidate("Make a new tensor instead of a change in place.", line),)
    if whole.node is None:
        return ()
    return (with_call(failure, whole, "Make it float32: {}.", ".float()", lambda x: x.float()),)


def _is_whole(value: Operand) -> bool:
    name = value.dtype or ""
    return name.startswith(("int", "uint")) or name == "bool"
