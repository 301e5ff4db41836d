"""The constructor of a layer, written for what the layer gets."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import Mend, made_for, passed, zeros_like_batch
from dlmagic.magics.tensors.explain.modules import Constructor, constructor_of, found_module
from dlmagic.magics.tensors.explain.rule import Candidate, Operand
from dlmagic.magics.tensors.explain.sites import Place
from dlmagic.magics.tensors.explain.trying import Tried

_OUTPUTS = ("out_features", "out_channels", "hidden_size")


def mend(failure: Failure, broken: Mend, operand: Operand) -> Candidate:
    """The layer made for what it gets, in the line of the user's that makes it."""
    place, line = _written(failure, broken)
    text = f"Make it for what it gets: {_short(broken)}."
    return Candidate(text, line, lambda: _check(broken, operand), place)


def notes_of(failure: Failure, mends: Iterable[Mend]) -> tuple[str, ...]:
    """What must be changed behind it, a sentence for each layer."""
    return tuple(_note(failure, each) for each in mends)


def _note(failure: Failure, broken: Mend) -> str:
    place, line = _written(failure, broken)
    found = found_module(broken.layer, failure.sites)
    name = found.name if found else "the layer behind it"
    known = f"{place.cell}, line {place.line} becomes {line}" if place and line else _short(broken)
    return f"Then {name} gets {broken.gets} instead of {broken.wanted}: {known}."


def _written(failure: Failure, broken: Mend) -> tuple[Place | None, str | None]:
    """The line that makes the layer, and what it becomes."""
    made = constructor_of(found_module(broken.layer, failure.sites), failure)
    argument = made_for(broken.layer)
    if made is None or argument is None or not _is_its_own(made, broken):
        return None, None
    return made.place, made.with_argument(0, argument.keyword, str(broken.gets))


def _is_its_own(made: Constructor, broken: Mend) -> bool:
    """Whether the call names the layer's class, and the number that the layer has."""
    first = made.call.args[0] if made.call.args else None
    stale = isinstance(first, ast.Constant) and first.value != broken.wanted
    return ast.unparse(made.call.func).endswith(type(broken.layer).__name__) and not stale


def _short(broken: Mend) -> str:
    layer = broken.layer
    names = [getattr(layer, key, None) for key in _OUTPUTS]
    outputs = next((each for each in names if each is not None), None)
    more = "" if outputs is None else f", {outputs}"
    kernel = getattr(layer, "kernel_size", None)
    more += "" if kernel is None else f", {kernel[0] if len(set(kernel)) == 1 else kernel}"
    return f"nn.{type(layer).__name__}({broken.gets}{more})"


def _check(broken: Mend, operand: Operand) -> Tried:
    """Whether a layer of such a shape takes the input; its numbers will be new in any case."""
    shape = operand.shape
    if shape is None:
        return "not tried"
    if hasattr(broken.layer, "input_size"):
        return "shape-verified"  # no other number of its shape depends on it
    passed([broken.layer], zeros_like_batch(shape), [])
    return "shape-verified"
