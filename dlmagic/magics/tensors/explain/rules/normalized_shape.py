"""A layer that normalises the last axes, and was made for others than it gets."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given
from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import (
    at_start,
    constructor_of,
    found_module,
    named_module,
)
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Site
from dlmagic.magics.tensors.explain.trying import tried

PATTERNS = (re.compile(r"Given normalized_shape=\[[\d, ]+\]"),)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which axes it was made for, and which it gets."""
    step = failure.inside("forward", "nn.modules.normalization")
    if step is None:
        return None
    layer: Any = step.local("self")
    value = next(
        (step.local(each) for each in ("input", "x") if step.local(each) is not None), None
    )
    wanted = tuple(getattr(layer, "normalized_shape", ()))
    name = named_module(layer, failure.sites)
    taken = given(failure, value, 0, f"the input of {name}")
    if not wanted or not taken.shape or taken.shape[-len(wanted) :] == wanted:
        return None
    return Explained(
        kind="normalized-shape",
        message=(f"{at_start(name)} normalises {_axes(wanted)}; {taken.name} is {taken.shape}."),
        operands=(taken,),
        candidates=tuple(_candidates(failure, layer, taken, wanted)),
    )


def _axes(wanted: tuple[int, ...]) -> str:
    if len(wanted) == 1:
        return f"the last axis, and was made for {wanted[0]} elements on it"
    return f"the last {len(wanted)} axes, and was made for {wanted} elements on them"


def _candidates(
    failure: Failure, layer: Any, taken: Operand, wanted: tuple[int, ...]
) -> Iterator[Candidate]:
    """The axis brought to the end and back, where there is one; or another layer."""
    shape = taken.shape or ()
    axes = [k for k in range(1, len(shape)) if shape[k : k + 1] == wanted]
    if len(axes) == 1 and taken.node is not None:
        moved = _moved(failure.site, layer, taken, axes[0])
        if moved is not None:
            yield moved
            return
    if len(shape) <= len(wanted):
        return
    kept = shape[axes[0] :] if len(axes) == 1 else shape[-len(wanted) :]
    code = str(kept[0]) if len(kept) == 1 else str(list(kept))
    made = constructor_of(found_module(layer, failure.sites), failure)
    kind = type(layer).__name__
    more = len(kept) > len(wanted)
    what = f"the last {len(kept)} axes together" if more else "what it gets"
    yield Candidate(
        f"Make it for {what}: nn.{kind}({code}).",
        made.with_argument(0, "normalized_shape", code) if made is not None else None,
        lambda: tried(_normalised(kept), taken.value),
        made.place if made is not None else None,
    )


def _moved(site: Site | None, layer: Any, taken: Operand, axis: int) -> Candidate | None:
    call = called(site)
    if site is None or call is None or value_of(call.node.func, site) is not layer:
        return None
    if len(call.node.args) != 1 or call.node.keywords:
        return None
    moved = f"{in_brackets(taken.node, taken.name)}.movedim({axis}, -1)"
    code = f"{ast.unparse(call.node.func)}({moved}).movedim(-1, {axis})"
    return Candidate(
        f"Bring that axis to the end, and back: {code}.",
        line_with(site, {call.node: code}),
        lambda: tried(
            lambda value: _normalised(layer.normalized_shape)(value.movedim(axis, -1)), taken.value
        ),
    )


def _normalised(shape: tuple[int, ...]) -> Any:
    torch: Any = sys.modules["torch"]
    return lambda value: torch.nn.functional.layer_norm(value, tuple(shape))
