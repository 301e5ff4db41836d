"""Targets of a type that the loss cannot take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.losses import Loss, loss_of
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.rules.class_targets import is_one_hot

PATTERNS = (
    re.compile(r"expected target dtype to be Long or Byte"),
    re.compile(r"expected scalar type \w+ but found \w+"),
    re.compile(r"Expected object of (scalar|data) type"),
    re.compile(r"nll_loss\w*\" not implemented for"),
    re.compile(r"Expected floating point type for target with class probabilities"),
    re.compile(r"Found dtype \w+ but expected \w+"),
    re.compile(r"result type \w+ can't be cast to the desired output type \w+"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which type the loss takes, and how to come to it."""
    loss = loss_of(failure)
    if loss is None:
        return None
    whole = not loss.target.value.is_floating_point()
    numbers = loss.is_of_classes and loss.output.shape != loss.target.shape
    if loss.target.dtype == ("int64" if numbers else loss.output.dtype):
        return None
    wanted = "whole numbers of classes (int64)" if numbers else _probabilities_or_values(loss)
    return Explained(
        kind="target-dtype",
        message=f"{loss.name} takes {wanted}; {loss.target.name} is {loss.target.dtype}.",
        operands=(loss.target, loss.output),
        candidates=tuple(_candidates(loss, numbers, whole)),
    )


def _probabilities_or_values(loss: Loss) -> str:
    dtype = loss.output.dtype
    if loss.is_of_classes:
        return f"a target of the output's shape as probabilities ({dtype})"
    return f"targets of the output's type ({dtype})"


def _candidates(loss: Loss, numbers: bool, whole: bool) -> Iterator[Candidate]:
    output = loss.output.value
    if numbers and (whole or _has_no_fractions(loss.target)):
        yield loss.with_target("Make it int64: {}.", ".long()", lambda y: y.long())
    elif numbers:
        return
    elif loss.is_of_classes and is_one_hot(loss):
        yield loss.with_target("Give the number of each sample's class: {}.", ".argmax(1)", _argmax)
    elif loss.output.dtype == "float32":
        yield loss.with_target("Make it float32: {}.", ".float()", lambda y: y.float())
    else:
        kind = f".to({loss.output.name}.dtype)"
        yield loss.with_target("Make it of the same type: {}.", kind, lambda y: y.to(output.dtype))


def _argmax(target):  # type: ignore[no-untyped-def]
    return target.argmax(1)


def _has_no_fractions(target: Operand) -> bool:
    value = target.value
    return bool(value.device.type == "cpu" and (value == value.floor()).all())
