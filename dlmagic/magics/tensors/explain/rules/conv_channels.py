"""A convolution or normalisation that was made for another number of channels than it gets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given, running_layer, with_call
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import Mend, layer_kind, made_for, passed
from dlmagic.magics.tensors.explain.mending import further_edits, mend
from dlmagic.magics.tensors.explain.modules import at_start, named_module
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

PATTERNS = (
    re.compile(r"expected input\[.*\] to have \d+ channels, but got"),
    re.compile(r"running_mean should contain \d+ elements not \d+"),
    re.compile(r"Expected \d+D \(unbatched\) or \d+D \(batched\) input to conv"),
    re.compile(r"Expected \d+-dimensional input for \d+-dimensional weight"),
)


@dataclass(frozen=True)
class _Layer:
    """A layer with channels, and what it got."""

    failure: Failure = field(repr=False)
    layer: Any = field(repr=False)
    operand: Operand
    wanted: int
    axis: int
    batched: int


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which layer, how many channels it was made for, and on which axis they are."""
    layer, value = running_layer(failure, "conv", "batchnorm")
    made = made_for(layer)
    if made is None:
        return None
    name = named_module(layer, failure.sites)
    operand = given(failure, value, 0, f"the input of {name}")
    if not operand.shape:
        return None
    wanted = getattr(layer, made.keyword)
    axes = len(getattr(layer, "kernel_size", operand.shape[2:]))
    known = _Layer(failure, layer, operand, wanted, made.axis, axes + 2)
    return _explained(known, name)


def _explained(known: _Layer, name: str) -> Explained | None:
    shape = known.operand.shape or ()
    enough = len(shape) >= -known.axis
    got = shape[known.axis] if enough else None
    possible = known.batched - 1 <= len(shape) <= known.batched or _by_axes(known)
    if got == known.wanted or not possible:
        return None
    has = f"has {got} on that axis" if enough else "has too few axes"
    return Explained(
        kind="channels",
        message=(
            f"{at_start(name)} was made for {known.wanted} "
            f"channel{'' if known.wanted == 1 else 's'}; {known.operand.name} {shape} {has}."
        ),
        operands=(known.operand, Operand(f"{name}.weight", getattr(known.layer, "weight", None))),
        candidates=tuple(_candidates(known, got)),
        further=tuple(_further(known, got)),
    )


def _further(known: _Layer, got: int | None) -> Iterator[Explained]:
    """What must be changed behind the layer, once it is made for what it gets."""
    if got is not None and not _by_axes(known):
        yield from further_edits(known.failure, _broken(known, got))


def _broken(known: _Layer, got: int) -> Mend:
    return Mend(known.layer, known.wanted, got, known.operand.shape or ())


def _candidates(known: _Layer, got: int | None) -> Iterator[Candidate]:
    """The input otherwise, or the layer; first the layer where one before it gave the input."""
    changes = _by_axes(known)
    otherwise = [
        with_call(
            known.failure,
            known.operand,
            text,
            code,
            lambda value, change=change: _takes(known, change(value)),
        )
        for text, code, change in changes
    ]
    made = []
    if got is not None and (not changes or (_may_lie_well(known) and "movedim" in changes[0][1])):
        made = [mend(known.failure, _broken(known, got))]
    inside = known.operand.node is None
    yield from (*made, *otherwise) if inside else (*otherwise, *made)


def _may_lie_well(known: _Layer) -> bool:
    """Whether the axes may be as they should, though the last one has as many as are wanted.

    A square image proves nothing, nor does a sequence that is normalised: its length is often
    taken for the number of features.
    """
    alike = len(set((known.operand.shape or ())[-2:])) == 1
    return alike or (layer_kind(known.layer) == "batchnorm" and known.batched == 3)


def _by_axes(known: _Layer) -> list[tuple[str, str, Any]]:
    """Changes of the input that bring its channels to their axis."""
    shape, wanted = known.operand.shape or (), known.wanted
    whole = len(shape) in (known.batched - 1, known.batched) and len(shape) > 2
    if whole and shape[-1] == wanted and shape[known.axis] != wanted:
        code = f".movedim(-1, {known.axis % len(shape)})"
        return [
            ("Bring the channels to their axis: {}.", code, lambda x: x.movedim(-1, known.axis))
        ]
    if wanted == 1 and len(shape) == known.batched - 1:
        return [("Give it an axis of one channel: {}.", ".unsqueeze(1)", lambda x: x.unsqueeze(1))]
    if wanted == 1 and len(shape) == known.batched - 2:
        return [("Give it an axis of one channel: {}.", ".unsqueeze(0)", lambda x: x.unsqueeze(0))]
    return []


def _takes(known: _Layer, value: Any) -> None:
    """Raise unless the layer takes such an input."""
    if value.shape[known.axis] != known.wanted:
        raise ValueError
    passed([known.layer], value, [])
