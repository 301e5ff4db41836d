"""Branches of ``jax.lax.cond`` and ``jax.lax.switch``, which must give results of one type."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlmagic.magics.tensors.explain.calls import Called, called, module_name
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

_TYPE = r"\w+\[[^\]]*\]"
PATTERNS = (
    re.compile(
        rf"[Tt]he output of (true_fun|branch ?0) has type (?P<first>{_TYPE}) but the corresponding "
        rf"output of (false_fun|branch ?(?P<place>\d+)) has type (?P<other>{_TYPE})"
    ),
    re.compile(
        r"(true_fun|branch ?0) output is (?P<first>.+?) but (false_fun|branch ?(?P<place>\d+)) "
        r"output is (?P<other>.+?)(, so .*)?$",
        re.MULTILINE,
    ),
    re.compile(r"Pred must be a scalar, got .* of shape (?P<shape>\(.*?\))", re.DOTALL),
)
_LONGEST = 40


@dataclass(frozen=True)
class _Number:
    """A number in the user's code.

    Attributes:
        node: Where it stands.
        value: The number.
    """

    node: ast.expr = field(repr=False)
    value: float


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """What the two branches give; or the condition that is more than one."""
    call, site = called(failure.site), failure.site
    if call is None or site is None or call.name not in ("cond", "switch"):
        return None
    if match.re is PATTERNS[2]:
        return _of_many(site, call, match["shape"])
    branches = _branches(call, match["place"])
    if branches is None:
        return None
    is_type = match.re is PATTERNS[0]
    first, other = (_plain(match[key]) for key in ("first", "other"))
    kept = "the same shape and dtype" if is_type else "the same structure"
    names = [_name(node, k) for k, node in zip(("first", "other"), branches, strict=True)]
    return Explained(
        kind="branch-results",
        message=f"The branches of {call.name} must return {kept}: {names[0]} returns {first}, "
        f"{names[1]} returns {other}.",
        candidates=tuple(_candidates(site, branches, first, other)) if is_type else (),
    )


def _branches(call: Called, place: str | None) -> tuple[ast.expr, ast.expr] | None:
    """The two functions, as they are written."""
    if call.name == "cond":
        found = [call.argument(1, "true_fun"), call.argument(2, "false_fun")]
        nodes = [each.node if each is not None else None for each in found]
    else:
        given = call.argument(1, "branches")
        listed = given.node if given is not None else None
        elements = listed.elts if isinstance(listed, ast.List | ast.Tuple) else []
        nodes = [elements[k] for k in (0, int(place or 1)) if k < len(elements)]
    match nodes:
        case [ast.expr() as first, ast.expr() as other]:
            return first, other
        case _:
            return None


def _plain(text: str) -> str:
    """Without the class of Python in signs, and a leaf for what it is."""
    plain = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", text)
    return plain.replace("a pytree leaf", "a single value")


def _name(node: ast.expr, place: str) -> str:
    code = ast.unparse(node)
    return f'"{code}"' if len(code) <= _LONGEST else f"the {place} one"


def _candidates(
    site: Site, branches: tuple[ast.expr, ast.expr], first: str, other: str
) -> Iterator[Candidate]:
    numpy = module_name(site, "jax.numpy", "jnp")
    for node, wanted in zip(branches, (other, first), strict=True):
        number = _constant(node)
        if number is not None:
            yield _like(site, number, wanted, numpy)
            return
    dtypes = {each.partition("[")[0] for each in (first, other)}
    if len(dtypes) == 1:
        yield Candidate("Give both results the same shape.")
    elif first.partition("[")[2] == other.partition("[")[2]:
        dtype = first.partition("[")[0]
        yield Candidate(f"Convert one of them, as with .astype({numpy}.{dtype}).")
    else:
        yield Candidate("Give both results the same shape and dtype.")


def _constant(node: ast.expr) -> _Number | None:
    """The number that a branch returns, whatever it is given."""
    match node:
        case ast.Lambda(body=ast.Constant(int() | float() as value) as constant):
            return None if isinstance(value, bool) else _Number(constant, value)
        case _:
            return None


def _like(site: Site, number: _Number, wanted: str, numpy: str) -> Candidate:
    """The number in the shape and type of the other result."""
    dtype, _, inside = wanted.rstrip("]").partition("[")
    shape = tuple(int(each) for each in inside.split(",") if each)
    usual = dtype in ("float32", "int32")
    written = repr(float(number.value) if dtype.startswith("float") else number.value)
    kind = "" if usual else f", {numpy}.{dtype}"
    code = f"{numpy}.full({shape}, {written}{kind})" if shape or kind else written
    return Candidate(f"Return {code}.", line_with(site, {number.node: code}))


def _of_many(site: Site, call: Called, shape: str) -> Explained | None:
    condition: Operand | None = call.argument(0, "pred", "index")
    if condition is None:
        return None
    numpy = module_name(site, "jax.numpy", "jnp")
    return Explained(
        kind="branch-of-many",
        message=f"{call.name} takes one branch for the whole array, and {condition.name} has "
        f"shape {shape}.",
        operands=(condition,),
        candidates=(Candidate(f"Choose for each element with {numpy}.where(condition, a, b)."),),
    )
