"""Weights that are not those of a layer: another number of them, or other shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from dlmagic.frameworks.description import told
from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.keras_calls import keras_rules
from dlmagic.magics.tensors.explain.rule import Explained

PATTERNS = (
    re.compile(r"You called `set_weights\(weights\)` on layer"),
    re.compile(r"weight shape .* not compatible with provided weight shape", re.DOTALL),
    re.compile(r"but the layer was expecting \d+ weights"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """How many weights the layer has, or which of them has another shape."""
    call, known = called(failure.site), keras_rules()
    given = call.argument(0, "weights") if call else None
    layer = call.owner if call else None
    if given is None or layer is None or known is None or not known.is_layer(layer.value):
        return None
    if not isinstance(given.value, list | tuple):
        return None
    wanted = [tuple(each.shape) for each in layer.value.weights]
    message = _problem(layer.name, given.name, wanted, _shapes(given.value))
    return None if message is None else Explained("weights-mismatch", message, (given,))


def _shapes(values: Sequence[Any]) -> list[tuple[int, ...]]:
    return [told(lambda each=each: tuple(np.shape(each))) or () for each in values]  # type: ignore[misc]


def _problem(
    layer: str, given: str, wanted: list[tuple[int, ...]], shapes: list[tuple[int, ...]]
) -> str | None:
    if len(wanted) != len(shapes):
        return f"{layer} has {len(wanted)} weights, and {given} has {len(shapes)}."
    pairs = enumerate(zip(wanted, shapes, strict=True))
    unequal = next(((k, a, b) for k, (a, b) in pairs if a != b), None)
    if unequal is None:
        return None
    k, mine, yours = unequal
    return f"Weight {k} of {layer} has the shape {mine}, and {given}[{k}] {yours}."
