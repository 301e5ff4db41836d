"""Values on different devices."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from dlmagic.magics.tensors.explain.arguments import given, with_call
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import named_module, weight_name
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, known, operands_of

PATTERNS = (
    re.compile(r"Expected all tensors to be on the same device"),
    re.compile(r"is on \S+,? (but expected|different from other tensors)"),
    re.compile(r"Tensor on device \S+ is not on the expected device"),
    re.compile(r"expected device \S+ but got device"),
    re.compile(r"Input type \(.*\) and (weight|bias) type \(.*\) should be the same"),
    re.compile(r"Input and (hidden|parameter) tensors are not at the same device"),
    re.compile(r"[Ii]ndices should be either on cpu or on the same device"),
    re.compile(r"Expected object of device type \w+ but got device type"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which value lies elsewhere than the others, and the line that moves it."""
    found = _of_layer(failure) or known(operands_of(failure.site))
    devices = Counter(_device(each) for each in found)
    if len(devices) < 2:
        return None
    stranger, other = _stranger(found)
    return Explained(
        kind="device-mismatch",
        message=(
            f"All values must be on one device: {stranger.name} is on {_device(stranger)}, "
            f"{other.name} is on {_device(other)}."
        ),
        operands=(stranger, other),
        candidates=tuple(_candidates(failure, stranger, other)),
    )


def _of_layer(failure: Failure) -> list[Operand]:
    """The input and the weight of the layer that failed."""
    step = failure.below[-1] if failure.below else None
    steps = [each for each in reversed(failure.below) if each.function == "forward"]
    step = steps[0] if steps else None
    layer = step.local("self") if step else None
    weights = list(getattr(layer, "_parameters", {}).items())
    if step is None or not weights:
        return []
    taken = given(failure, step.local("input"), 0, "the input")
    name = named_module(layer, failure.sites)
    return known([taken, *(Operand(weight_name(name, key), v) for key, v in weights[:1])])


def _device(operand: Operand) -> str | None:
    return operand.description.device if operand.description else None


def _stranger(found: list[Operand]) -> tuple[Operand, Operand]:
    """The value to move, and one that stays: what is on the CPU moves to where others are."""
    first = found[0]
    other = next(each for each in found if _device(each) != _device(first))
    return (other, first) if _device(other) == "cpu" and other.node is not None else (first, other)


def _candidates(failure: Failure, stranger: Operand, other: Operand) -> Iterator[Candidate]:
    """To move the value; first the model, where that is what stayed on the CPU."""
    of_layer = _is_of_layer(other)
    empty = of_layer and _device(other) == "meta"
    if empty:
        yield _of_empty_model(stranger, other)
    text = "For shapes alone, move the other there: {}." if empty else "Move it to the other: {}."
    moves = [_of_value(failure, stranger, other, text)] if stranger.node is not None else []
    if of_layer and not empty:
        moves.insert(0 if _device(other) == "cpu" else 1, _of_model(failure, stranger, other))
    yield from moves


def _is_of_layer(operand: Operand) -> bool:
    """Whether it is a weight of a layer that has a name."""
    return operand.node is None and "." in operand.name and " " not in operand.name


def _of_empty_model(stranger: Operand, other: Operand) -> Candidate:
    """A model without numbers, which cannot be moved, and with which nothing can be computed."""
    model, device = other.name.partition(".")[0], _device(stranger)
    return Candidate(
        f"The weights on meta have a shape and no numbers: make the model on {device}, or "
        f'{model}.to_empty(device="{device}") and load its weights.'
    )


def _of_value(failure: Failure, stranger: Operand, other: Operand, text: str) -> Candidate:
    known = other.node is not None or _is_of_layer(other)
    place = f"{other.name}.device" if known else f'"{_device(other)}"'
    return with_call(failure, stranger, text, f".to({place})", None)


def _of_model(failure: Failure, stranger: Operand, other: Operand) -> Candidate:
    """The whole model moved, in the call that failed where that is the model's own."""
    model = other.name.partition(".")[0]
    site = failure.site
    node = site.node if site is not None else None
    place = f"{stranger.name}.device" if stranger.node is not None else f'"{_device(stranger)}"'
    code = f"{model}.to({place})"
    own = isinstance(node, ast.Call) and ast.unparse(node.func) == model
    line = line_with(site, {node.func: code}) if own and isinstance(node, ast.Call) else None
    if model == "self":
        return Candidate(f"Move the whole model to {_device(stranger)} before it is called.")
    return Candidate(f"Move the model: {code}.", line)
