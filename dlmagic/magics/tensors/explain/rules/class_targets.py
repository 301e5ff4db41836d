"""Targets of a loss over classes whose shape does not go with that of the output."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.losses import Loss, loss_of
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (
    re.compile(r"Expected input batch_size \(\d+\) to match target batch_size"),
    re.compile(r"Expected target size"),
    re.compile(r"multi-target not supported"),
    re.compile(r"only batches of spatial targets supported"),
    re.compile(r"log_softmax\w*\" not implemented for '(Long|Int|Short|Byte|Char)'"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Where the axis of the classes is, or which axis is too much."""
    loss = loss_of(failure)
    if loss is not None and loss.is_of_classes and _is_swapped(loss):
        return _of_swapped(failure, loss)
    if loss is None or not loss.is_of_classes or _fits(loss):
        return None
    output, target = loss.output, loss.target
    axis = min(1, len(output.shape or ()) - 1)
    return Explained(
        kind="class-targets",
        message=(
            f"{loss.name} wants one class for each prediction: {output.name} is {output.shape} "
            f"with its classes along axis {axis}, so the target is {_without(output, axis)}, and "
            f"{target.name} is {target.shape}."
        ),
        operands=(target, output),
        candidates=tuple(_candidates(loss)),
    )


def _without(output: Operand, axis: int) -> tuple[int | None, ...]:
    shape = output.axes or ()
    return (*shape[:axis], *shape[axis + 1 :])


def _is_swapped(loss: Loss) -> bool:
    """Whether the classes were given first, and what the model gives second."""
    return not loss.output.value.is_floating_point() and loss.target.value.is_floating_point()


def _of_swapped(failure: Failure, loss: Loss) -> Explained:
    output, target = loss.output, loss.target
    nodes = output.node is not None and target.node is not None
    line = line_with(failure.site, {output.node: target.name, target.node: output.name})
    return Explained(
        kind="class-targets",
        message=(
            f"{loss.name} takes the scores first and the classes second: {output.name} holds whole "
            f"numbers ({output.dtype}), {target.name} is {target.dtype}."
        ),
        operands=(output, target),
        candidates=(
            Candidate(
                "Exchange the two.",
                line if nodes else None,
                lambda: tried(lambda a, b: loss.function(b, a), output.value, target.value),
            ),
        ),
    )


def _fits(loss: Loss) -> bool:
    shape = loss.output.shape or ()
    return loss.target.shape in ((*shape[:1], *shape[2:]), shape) and not _is_whole(loss)


def _is_whole(loss: Loss) -> bool:
    """Whether the target has a number for every class, but is not one of probabilities."""
    return loss.output.shape == loss.target.shape and not loss.target.value.is_floating_point()


def _candidates(loss: Loss) -> Iterator[Candidate]:
    output, target = loss.output.shape or (), loss.target.shape or ()
    if target == (*output[:1], 1):
        code = ".squeeze(1).long()" if loss.target.value.is_floating_point() else ".squeeze(1)"
        yield loss.with_target("Take the axis of length one away: {}.", code, _squeezed)
    elif len(output) > 2 and target == output[:-1]:
        yield loss.with_output(
            "Put the axis of the classes second: {}.", ".movedim(-1, 1)", lambda x: x.movedim(-1, 1)
        )
    elif len(output) == 2 and len(target) > 1 and loss.target.value.numel() == output[0]:
        yield loss.with_target(
            "Make it as flat as the output: {}.", ".flatten()", lambda y: y.flatten()
        )
    if len(output) > 2 and len(target) == 1 and loss.output.value[..., 0].numel() == target[0]:
        yield loss.with_output(
            "Make one axis of all samples: {}.", ".flatten(0, -2)", lambda x: x.flatten(0, -2)
        )
    if target == output and is_one_hot(loss):
        yield loss.with_target(
            "Give the number of each sample's class: {}.", ".argmax(1)", _numbers
        )


def is_one_hot(loss: Loss) -> bool:
    """Whether each sample has exactly one class; only looked at on the CPU."""
    value = loss.target.value
    if value.device.type != "cpu" or value.ndim < 2:
        return False
    return bool(((value == 0) | (value == 1)).all() and (value.sum(1) == 1).all())


def _squeezed(target):  # type: ignore[no-untyped-def]
    return target.squeeze(1).long()


def _numbers(target):  # type: ignore[no-untyped-def]
    return target.argmax(1)
