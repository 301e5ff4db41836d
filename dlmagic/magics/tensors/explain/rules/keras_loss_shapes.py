"""Labels and outputs of shapes that a loss cannot compare."""

from __future__ import annotations

import re

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import calls_of, edited_lines
from dlmagic.magics.tensors.explain.labels import Compared, compared
from dlmagic.magics.tensors.explain.rule import Candidate, Explained
from dlmagic.magics.tensors.explain.sites import Site

PATTERNS = (
    re.compile(r"Argument `?output`? must have rank"),
    re.compile(r"Arguments `?target`? and `?output`? must have the same"),
    re.compile(r"`?logits`? and `?labels`? must (have the same|be broadcastable)"),
    re.compile(r"Shapes \(.*?\) and \(.*?\) are incompatible|Incompatible shapes: \["),
    re.compile(r"Dimensions must be equal, but are \d+ and \d+"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which axis of the two is unequal."""
    found = compared(failure)
    if found is None or failure.site is None or found.labels.shape is None:
        return None
    mine = found.labels.shape
    if found.is_sparse and mine[-1:] == (1,):
        mine = mine[:-1]  # one id in a row of its own is as good
    yours = found.shape[:-1] if found.is_sparse else found.shape
    unequal = _unequal(mine, yours)
    if unequal is None and abs(len(mine) - len(yours)) < 1 + (not found.is_sparse):
        return None
    return Explained(
        kind="loss-shapes",
        message=_message(found, mine, yours, unequal),
        operands=(found.labels, *([found.outputs] if found.outputs else [])),
        candidates=tuple(_more_outputs(failure.site, found, unequal)) if unequal else (),
    )


def _message(
    found: Compared, mine: tuple[int, ...], yours: tuple[int | None, ...], unequal: int | None
) -> str:
    rule, labels = "A loss compares labels with outputs of the same shape", found.labels.name
    outputs = found.outputs.name if found.outputs else "each output"
    if unequal is None:
        return (
            f"{rule}: {labels} has {mine}, and the outputs {found.shape}, which is too many axes; "
            "a Flatten layer may be missing."
        )
    return (
        f"{rule}: axis {unequal} of {labels} has {mine[unequal]} elements, that of {outputs} "
        f"{yours[unequal]}."
    )


def _unequal(mine: tuple[int, ...], yours: tuple[int | None, ...]) -> int | None:
    pairs = enumerate(zip(mine, yours, strict=False))
    return next((k for k, (a, b) in pairs if b is not None and a != b), None)


def _more_outputs(site: Site, found: Compared, axis: int) -> list[Candidate]:
    """The last layer with as many outputs as there are labels, where it is in the same cell."""
    wanted = (found.labels.shape or ())[axis]
    if found.model is None or axis != len(found.shape) - 1:
        return []
    layers = [call for call in calls_of(site, "Dense") if call.args]
    same = [each.args[0] for each in layers]
    last = [node for node in same if getattr(node, "value", None) == found.classes]
    text = f"Give the model {wanted} outputs."
    return edited_lines(site, ((each, str(wanted)) for each in last[-1:]), text)
