"""``apply_gradients`` of Keras, which takes pairs of a gradient and its variable."""

from __future__ import annotations

import ast
import re
from typing import Any

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import Tried
from dlmagic.magics.tensors.explain.values import MISSING, stored_value

PATTERNS = (
    re.compile(r"object has no attribute '_unique_id'"),
    re.compile(r"Cannot iterate over a scalar tensor"),
    re.compile(r"apply_gradients\(\) takes \d positional arguments but 3 were given"),
    re.compile(r"too many values to unpack|not enough values to unpack"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The two that were given side by side or in the wrong order, and the pairs of them."""
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
    if root != "keras":
        return None
    return _exchanged(call, site) or _side_by_side(call, site) or _alone(call, site, failure)


def _side_by_side(call: Called, site: Site) -> Explained | None:
    both = _both(call, site)
    if both is None or any(_holds_pairs(each) for each in both):
        return None
    gradients, variables = both if not _are_exchanged(*both, site) else both[::-1]
    written = _pairs(gradients.name, variables.name)
    if _is_one(variables):
        written = f"[({gradients.name}, {variables.name})]"
    return _told(
        call,
        f"gets {both[0].name} and {both[1].name} side by side",
        Candidate(
            f"Pair them: {written}.",
            _line(call, site, written),
            lambda: _fit(gradients, variables, site),
        ),
    )


def _exchanged(call: Called, site: Site) -> Explained | None:
    """Pairs of a variable and its gradient, which is the wrong order."""
    match call.node.args:
        case [ast.Call(ast.Name("zip"), [first, second])]:
            variables, gradients = operand(first, site), operand(second, site)
        case _:
            return None
    if not _are_exchanged(variables, gradients, site):
        return None
    written = _pairs(gradients.name, variables.name)
    return _told(
        call,
        f"gets the variables first: {variables.name}",
        Candidate(
            f"Exchange the two: {written}.",
            _line(call, site, written),
            lambda: _fit(gradients, variables, site),
        ),
    )


def _alone(call: Called, site: Site, failure: Failure) -> Explained | None:
    """The gradients without their variables, which stand where the gradients were asked for."""
    gradients = call.arguments[0] if len(call.arguments) == 1 else None
    values = gradients.value if gradients is not None else None
    if gradients is None or not isinstance(values, list | tuple) or not values:
        return None
    if any(isinstance(each, list | tuple) for each in values):
        return None
    variables = _asked_for(gradients, site, failure)
    if variables is None:
        text = f"Pair them: {_pairs(gradients.name, 'model.trainable_variables')}."
        return _told(call, f"gets {gradients.name} alone", Candidate(text))
    written = _pairs(gradients.name, variables.name)
    return _told(
        call,
        f"gets {gradients.name} alone",
        Candidate(
            f"Pair them: {written}.",
            _line(call, site, written),
            lambda: _fit(gradients, variables, site),
        ),
    )


def _told(call: Called, what: str, candidate: Candidate) -> Explained:
    return Explained(
        kind="gradient-pairs",
        message=f"apply_gradients takes pairs of a gradient and its variable, and {what}.",
        operands=call.arguments[:1],
        candidates=(candidate,),
    )


def _pairs(gradients: str, variables: str) -> str:
    return f"zip({gradients}, {variables})"


def _line(call: Called, site: Site, written: str) -> str | None:
    return line_with(site, {call.node: f"{ast.unparse(call.node.func)}({written})"})


def _asked_for(gradients: Operand, site: Site, failure: Failure) -> Operand | None:
    """The variables of ``tape.gradient(loss, variables)``, which gave the gradients."""
    if not isinstance(gradients.node, ast.Name):
        return None
    origin = origin_of(gradients.node.id, site, failure)
    match origin.value if origin is not None else None:
        case ast.Call(ast.Attribute(_, "gradient"), [_, ast.Name() | ast.Attribute() as variables]):
            return operand(variables, site)
        case _:
            return None


def _are_exchanged(first: Operand, second: Operand, site: Site) -> bool:
    return bool(_variables(first, site)) and not _variables(second, site)


def _variables(given: Operand, site: Site) -> list[Any]:
    """The variables that are given, also those that a model is asked for; none for gradients."""
    known = keras_rules()
    value = given.value
    if value is MISSING and isinstance(given.node, ast.Attribute) and known is not None:
        value = known.variables_of(stored_value(given.node.value, site), given.node.attr)
    values = value if isinstance(value, list | tuple) else [value]
    return [each for each in values if hasattr(each, "assign")]


def _fit(gradients: Operand, variables: Operand, site: Site) -> Tried:
    """Whether each gradient has the shape of its variable; nothing is changed to find out."""
    given, targets = gradients.value, _variables(variables, site)
    if not isinstance(given, list | tuple) or not targets:
        return "not tried"
    same = len(given) == len(targets) and all(
        each is None or tuple(each.shape) == tuple(target.shape)
        for each, target in zip(given, targets, strict=True)
    )
    return "shape-verified" if same else "failed"


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
