"""A loss of optax that gets class ids where it takes rows of probabilities, or the other way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (
    re.compile(r"[Ii]ncompatible shapes for broadcasting"),
    re.compile(r"Expected the input to have a dtype that is a subdtype of"),
    re.compile(r"indices and arr must have the same number of dimensions"),
)
_ROWS, _IDS = "softmax_cross_entropy", "softmax_cross_entropy_with_integer_labels"


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """What the loss takes, what its labels are, and the loss or the labels that fit."""
    call, site = called(failure.site), failure.site
    if call is None or site is None or call.name not in (_ROWS, _IDS) or not _is_of_optax(call):
        return None
    logits, labels = call.argument(0, "logits"), call.argument(1, "labels")
    if logits is None or labels is None or not logits.shape or labels.shape is None:
        return None
    return _of_rows(site, call, logits, labels) or _of_ids(failure, call, logits, labels)


def _is_of_optax(call: Called) -> bool:
    return str(getattr(call.function, "__module__", "")).partition(".")[0] == "optax"


def _of_rows(site: Site, call: Called, logits: Operand, labels: Operand) -> Explained | None:
    """A loss for rows that gets class ids, or one for class ids that gets rows."""
    ids = _are_whole(labels) and labels.shape == (logits.shape or ())[:-1]
    if call.name == _ROWS and ids:
        return Explained(
            kind="class-ids",
            message=f"{_ROWS} takes a row of probabilities for each sample, and {labels.name} "
            f"{labels.shape} has one class id for each.",
            operands=(labels, logits),
            candidates=(_with_loss(site, call, logits, labels, _IDS),),
        )
    if call.name == _IDS and labels.shape == logits.shape:
        return Explained(
            kind="one-hot-labels",
            message=f"{_IDS} takes one class id for each sample, and {labels.name} "
            f"{labels.shape} has a row for each.",
            operands=(labels, logits),
            candidates=(_with_loss(site, call, logits, labels, _ROWS),),
        )
    return None


def _of_ids(failure: Failure, call: Called, logits: Operand, labels: Operand) -> Explained | None:
    """Class ids of the wrong type, or with an axis more."""
    if call.name != _IDS:
        return None
    shape, wanted = labels.shape, (logits.shape or ())[:-1]
    if shape == wanted and not _are_whole(labels) and _have_no_fractions(labels):
        check = lambda each, given: call.function(given, each.astype(int))  # noqa: E731
        text, code = "Make them whole numbers: {}.", ".astype(int)"
        message = f"{_IDS} takes whole numbers for class ids; {labels.name} is {labels.dtype}."
    elif shape == (*wanted, 1) and _are_whole(labels):
        check = lambda each, given: call.function(given, each.squeeze(-1))  # noqa: E731
        text, code = "Leave out the last axis: {}.", ".squeeze(-1)"
        message = (
            f"{_IDS} takes one class id for each sample: labels of shape {wanted}, and "
            f"{labels.name} has {shape}."
        )
    else:
        return _of_other_length(labels, logits)
    fix = with_call(failure, labels, text, code, check, logits.value)
    return Explained("class-id-labels", message, (labels, logits), (fix,))


def _of_other_length(labels: Operand, logits: Operand) -> Explained | None:
    mine, yours = labels.shape or (), logits.shape or ()
    if len(mine) != len(yours) - 1 or mine[:1] == yours[:1]:
        return None
    return Explained(
        kind="unequal-samples",
        message=f"There must be one label for each sample: {logits.name} has {yours[0]}, "
        f"{labels.name} {mine[0]}.",
        operands=(labels, logits),
    )


def _are_whole(labels: Operand) -> bool:
    return str(labels.dtype).startswith(("int", "uint"))


def _have_no_fractions(labels: Operand) -> bool:
    """Whether no number of them would change; not known of labels that are traced."""
    numbers: Any = told(lambda: np.asarray(labels.value))
    return numbers is not None and bool(np.all(numbers % 1 == 0))


def _with_loss(site: Site, call: Called, logits: Operand, labels: Operand, loss: str) -> Candidate:
    """The same call of another loss, where it can be named in the same way."""
    text, function = f"Use the loss {loss}.", call.node.func
    other = next(_named_alike(site, function, loss), None)
    if other is None:
        return Candidate(f"Use the loss optax.{loss}.")
    code, value = other
    line = line_with(site, {function: code})
    return Candidate(text, line, lambda: tried(value, logits.value, labels.value))


def _named_alike(site: Site, function: ast.expr, loss: str) -> Iterator[tuple[str, Any]]:
    if isinstance(function, ast.Attribute):
        owner = ast.unparse(function.value)
        module = site.names.get(owner)
        if hasattr(module, loss):
            yield f"{owner}.{loss}", getattr(module, loss)
    elif loss in site.names:
        yield loss, site.names[loss]
