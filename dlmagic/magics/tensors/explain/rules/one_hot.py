"""Labels that ``one_hot`` of PyTorch has no place for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.calls import Called, called
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.pure import is_plain_tensor
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (
    re.compile(r"Class values must be (smaller than num_classes|non-negative)"),
    re.compile(r"one_hot is only applicable to index tensor"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """The least and the greatest label, or their type."""
    call = called(failure.site)
    labels = call.argument(0, "tensor", "input") if call is not None else None
    if call is None or call.name != "one_hot" or labels is None or call.owner is not None:
        return None
    value: Any = labels.value
    if not is_plain_tensor(value) or value.device.type != "cpu" or not value.numel():
        return None
    if labels.dtype != "int64":
        return _of_type(failure, call, labels)
    count = call.argument(1, "num_classes")
    classes = count.value if count is not None else None
    least, most = int(value.min()), int(value.max())
    if least < 0:
        return _told(
            f"Classes are counted from 0, and {labels.name} holds {least}.",
            labels,
            [Candidate("Leave out the samples that stand for no class before they are encoded.")],
        )
    if not isinstance(classes, int) or most < classes or count is None:
        return None
    return _told(
        f"{classes} classes are counted from 0 to {classes - 1}; {labels.name} holds numbers from "
        f"{least} to {most}.",
        labels,
        _more(failure, call, labels, count),
    )


def _told(message: str, labels: Operand, candidates: list[Candidate]) -> Explained:
    return Explained("one-hot-classes", message, (labels,), tuple(candidates))


def _of_type(failure: Failure, call: Called, labels: Operand) -> Explained | None:
    value: Any = labels.value
    if value.is_complex() or (value.is_floating_point() and not bool((value % 1 == 0).all())):
        return None
    count = call.argument(1, "num_classes")
    others = [count.value] if count is not None else []
    check = lambda each, *rest: call.function(each.long(), *rest)  # noqa: E731
    candidate = with_call(failure, labels, "Make it int64: {}.", ".long()", check, *others)
    message = f"one_hot takes whole numbers of classes (int64); {labels.name} is {labels.dtype}."
    return _told(message, labels, [candidate])


def _more(failure: Failure, call: Called, labels: Operand, count: Operand) -> list[Candidate]:
    least, most = int(labels.value.min()), int(labels.value.max())
    if least >= 1 and most == count.value:
        text = "Count the classes from 0: {}."
        check = lambda each: call.function(each - 1, most)  # noqa: E731
        return [with_call(failure, labels, text, " - 1", check)]
    return list(_as_many(failure, call, labels, count, most + 1))


def _as_many(
    failure: Failure, call: Called, labels: Operand, count: Operand, classes: int
) -> Iterator[Candidate]:
    line = line_with(failure.site, {count.node: str(classes)}) if count.node is not None else None
    check = lambda: tried(lambda each: call.function(each, classes), labels.value)  # noqa: E731
    yield Candidate(f"Make room for all: num_classes={classes}.", line, check)
