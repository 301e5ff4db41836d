"""Arguments of a mapped function that have no axis to map over, or axes of unequal length."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"vmap got inconsistent sizes for array axes to be mapped"),
    re.compile(r"vmap was requested to map its argument along axis \d+, which implies"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which argument has no such axis, or which two are not equally long."""
    call = called(failure.site)
    if call is None or not _maps_the_first(call.node.func):
        return None
    single = [each for each in call.arguments if _is_single(each)]
    mapped = [each for each in call.arguments if each.shape]
    other = next((each for each in mapped if _length(each) != _length(mapped[0])), None)
    if single:
        message = f"{single[0].name} has no axis to map over."
        return _told(message, single[:1], tuple(_kept(failure.site, call)))
    if other is None:
        return None
    first, lengths = mapped[0], (_length(mapped[0]), _length(other))
    message = (
        f"The arguments are mapped together along their first axis: {first.name} has "
        f"{lengths[0]} elements there, {other.name} has {lengths[1]}."
    )
    return _told(message, [other, first], tuple(_whole(failure.site, call, [first, other])))


def _told(message: str, operands: list[Operand], candidates: tuple[Candidate, ...]) -> Explained:
    return Explained("mapped-axes", message, tuple(operands), candidates)


def _maps_the_first(node: ast.expr) -> bool:
    """Whether it is ``jax.vmap(f)`` without other axes."""
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return False
    return ast.unparse(node.func).rpartition(".")[2] == "vmap"


def _is_single(operand: Operand) -> bool:
    return operand.shape == () or isinstance(operand.value, int | float)


def _length(operand: Operand) -> int:
    return (operand.shape or (0,))[0]


def _whole(site: Site | None, call: Called, unequal: list[Operand]) -> Iterator[Candidate]:
    """One of the two for every element as it is: which one, the user alone knows."""
    if len({_length(each) for each in call.arguments if each.shape}) > 2:
        return
    for kept in unequal:
        whole = [each for each in call.arguments if _length(each) == _length(kept)]
        axes = ", ".join("None" if each in whole else "0" for each in call.arguments)
        code = f"{ast.unparse(call.node.func)[:-1]}, in_axes=({axes}))"
        names = " and ".join(each.name for each in whole)
        verb = "is" if len(whole) == 1 else "are"
        text = f"If {names} {verb} meant as a whole for each element: in_axes=({axes})."
        yield Candidate(text, line_with(site, {call.node.func: code}))


def _kept(site: Site | None, call: Called) -> Iterator[Candidate]:
    """The single values as they are for every element."""
    axes = ", ".join("None" if _is_single(each) else "0" for each in call.arguments)
    code = f"{ast.unparse(call.node.func)[:-1]}, in_axes=({axes}))"
    text = f"Map only the others: in_axes=({axes})."
    yield Candidate(text, line_with(site, {call.node.func: code}))
