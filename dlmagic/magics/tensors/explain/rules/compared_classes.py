"""Scores compared with the numbers of classes, as for an accuracy, before a class is chosen."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from dlmagic.magics.tensors.explain.calls import called, computes, module_name
from dlmagic.magics.tensors.explain.edits import in_brackets
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rewriting import rewritten
from dlmagic.magics.tensors.explain.rule import Explained, Operand, operands_of
from dlmagic.magics.tensors.explain.rules import broadcast
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (*broadcast.PATTERNS, re.compile(r"cannot compute (Not)?Equal as input"))
_FUNCTIONS = frozenset({"eq", "ne", "equal", "not_equal"})
_AXIS = re.compile(r"at non-singleton dimension (\d+)")


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """Which of both has scores, and how to choose the class with the highest."""
    site = failure.site
    operands = [] if site is None else _compared(site)
    if site is None or len(operands) != 2:
        return None
    for scores, classes in (operands, operands[::-1]):
        if not (classes.dtype or "").startswith(("int", "uint")):
            continue
        if scores.description is None:
            axis, many = _of_unknown(classes, match), _stated(scores, operands, match)
        else:
            axis = _axis_of_classes(scores, classes)
            many = "" if axis is None else str((scores.axes or ())[axis])
        if axis is not None:
            return _explained(site, scores, classes, axis, many)
    return None


def _compared(site: Site) -> list[Operand]:
    """What the expression asks to be equal; nothing where it asks something else."""
    if isinstance(site.node, ast.Compare):
        return operands_of(site) if isinstance(site.node.ops[0], ast.Eq | ast.NotEq) else []
    call = called(site)
    if call is None or call.name not in _FUNCTIONS or not computes(site):
        return []
    return [*([] if call.owner is None else [call.owner]), *call.arguments]


def _axis_of_classes(scores: Operand, classes: Operand) -> int | None:
    """The axis without which the scores have the shape of the classes."""
    given, wanted = scores.axes or (), classes.axes
    if "float" not in (scores.dtype or "") or len(given) < 2:
        return None
    return next((k for k in (1, -1) if _without(given, k) == wanted), None)


def _without(shape: Sequence[int | None], axis: int) -> tuple[int | None, ...]:
    kept = list(shape)
    del kept[axis]
    return tuple(kept)


def _of_unknown(classes: Operand, match: re.Match[str]) -> int | None:
    """The same where nobody keeps the scores: they have one axis more, as the error says."""
    where = _AXIS.search(match.string)
    count = len(classes.axes or ())
    if where is None or int(where[1]) != count:
        return None
    return 1 if count == 1 else -1


def _stated(scores: Operand, operands: Sequence[Operand], match: re.Match[str]) -> str:
    return match.groupdict().get("left" if scores is operands[0] else "right", "")


def _explained(site: Site, scores: Operand, classes: Operand, axis: int, many: str) -> Explained:
    code = f"{in_brackets(scores.node, scores.name)}.argmax({axis})"
    if type(classes.value).__module__.startswith("tensorflow"):
        tensorflow = module_name(site, "tensorflow", "tf")
        code = f"{tensorflow}.argmax({scores.name}, {axis}, {classes.name}.dtype)"
    shape = f" {scores.shape}" if scores.shape else ""
    assert scores.node is not None
    return Explained(
        kind="compared-classes",
        message=(
            f"{scores.name}{shape} has a score for each of {many} classes, {classes.name} "
            f"{classes.shape} the number of one class each: the highest score tells which class "
            f"is predicted."
        ),
        operands=(scores, classes),
        candidates=(rewritten(site, f"Compare the predicted class: {code}.", {scores.node: code}),),
    )
