"""Picked classes given to a loss that takes the scores of all classes."""

from __future__ import annotations

import ast
import re

from dlmagic.magics.tensors.explain.assigning import origin_of
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.losses import Loss, loss_of
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.trying import tried
from dlmagic.magics.tensors.explain.values import MISSING

PATTERNS = (
    re.compile(r"Expected floating point type for target with class probabilities"),
    re.compile(r"Target -?\d+ is out of bounds"),
    re.compile(r"(log_softmax|nll_loss)\w*\" not implemented for '\w+'"),
)
_MOST_STEPS = 5
_UNCHANGED_CLASSES = frozenset(
    {"float", "long", "double", "to", "squeeze", "unsqueeze", "view", "reshape", "flatten"}
    | {"requires_grad_", "detach", "cpu", "cuda"}
)
"""Methods behind which the numbers of classes are still the same."""


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Where the classes were picked, and from which scores."""
    loss = loss_of(failure)
    if loss is None or not loss.is_of_classes or loss.output.node is None:
        return None
    if loss.target.value.is_floating_point():  # the two may have been exchanged
        return None
    found = _picked(loss.output.node, failure)
    if found is None:
        return None
    scores, is_here = found
    return Explained(
        kind="picked-classes",
        message=(
            f"{loss.name} takes the scores of all classes, from which it learns; "
            f"{loss.output.name} holds the classes that were picked from "
            f"{ast.unparse(scores)}, and picking has no gradient."
        ),
        operands=(loss.output, loss.target),
        candidates=(_from_scores(failure, loss, scores, is_here),),
    )


def _from_scores(failure: Failure, loss: Loss, scores: ast.expr, is_here: bool) -> Candidate:
    code, site = ast.unparse(scores), failure.site
    value = value_of(scores, site) if site is not None else MISSING
    known = is_here or value is not MISSING
    line = line_with(site, {loss.output.node: code}) if known else None
    return Candidate(
        f"Give it the scores: {code}.",
        line,
        lambda: tried(loss.function, value, loss.target.value),
    )


def _picked(node: ast.expr, failure: Failure) -> tuple[ast.expr, bool] | None:
    """The scores from which an expression picks classes, and whether it is the failed one."""
    site = failure.site
    is_here = True
    for _ in range(_MOST_STEPS):
        match node:
            case ast.Name(name) if site is not None:
                origin = origin_of(name, site, failure)
                if origin is None:
                    return None
                node, is_here = origin.value, False
            case ast.Call(ast.Attribute(owner, method)) if method in _UNCHANGED_CLASSES:
                node = owner
            case _:
                scores = _scores(node)
                return None if scores is None else (scores, is_here)
    return None


def _scores(node: ast.expr) -> ast.expr | None:
    """What is looked through for the greatest, where an expression gives the place of it."""
    match node:
        case ast.Call(ast.Attribute(ast.Name("torch"), "argmax"), [scores, *_]):
            return scores
        case ast.Call(ast.Attribute(scores, "argmax")):
            return scores
        case ast.Attribute(call, "indices") | ast.Subscript(call, ast.Constant(1)):
            return _looked_through(call)
        case _:
            return None


def _looked_through(node: ast.expr) -> ast.expr | None:
    """What ``torch.max(scores, 1)`` or ``scores.max(1)`` looks through along an axis."""
    match node:
        case ast.Call(ast.Attribute(ast.Name("torch"), "max"), [scores, *axis], keywords):
            return scores if _is_axis(axis, keywords) else None
        case ast.Call(ast.Attribute(scores, "max"), axis, keywords):
            return scores if _is_axis(axis, keywords) else None
        case _:
            return None


def _is_axis(arguments: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    if any(each.arg == "dim" for each in keywords):
        return True
    axis = arguments[0] if arguments else None
    axis = axis.operand if isinstance(axis, ast.UnaryOp) else axis
    return isinstance(axis, ast.Constant) and isinstance(axis.value, int)
