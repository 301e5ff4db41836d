"""A linear layer that was made for another number of features than it gets."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from math import prod
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given, running_layer, with_call
from dlmagic.magics.tensors.explain.computing import value_of
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import (
    Mend,
    UnknownShapeError,
    is_chain,
    leaves,
    made_for,
    passed,
    uncompiled,
    zeros_like_batch,
)
from dlmagic.magics.tensors.explain.mending import further_edits, mend
from dlmagic.magics.tensors.explain.modules import (
    at_start,
    constructor_of,
    found_module,
    named_module,
)
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand, operand

PATTERNS = (
    re.compile(r"mat1 and mat2 shapes cannot be multiplied"),
    re.compile(r"size mismatch, (m1|got input)"),
    re.compile(r"a and b must have same reduction dim"),
    re.compile(r"mat1 dim 1 must match mat2 dim 0"),
    re.compile(r"input\.size\(-1\) must be equal to input_size"),
    re.compile(r"input has inconsistent input_size"),
)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:  # noqa: ARG001
    """Which layer, what it was made for, and what it gets."""
    layer, value = running_layer(failure, "linear", "rnn")
    made = made_for(layer)
    if made is None:
        return None
    name = named_module(layer, failure.sites)
    wanted = getattr(layer, made.keyword)
    taken = Operand(f"the input of {name}", value)
    if not isinstance(wanted, int) or not taken.shape or taken.shape[-1] == wanted:
        return None
    broken = Mend(layer, wanted, taken.shape[-1], taken.shape)
    batch = _as_batch(failure)
    return Explained(
        kind="layer-features",
        message=f"{at_start(name)} was made for {wanted} features and gets {broken.gets}.",
        operands=(taken, *_weight(name, layer)),
        candidates=(batch,) if batch else tuple(_candidates(failure, taken, broken)),
        further=() if batch else tuple(further_edits(failure, broken)),
    )


def _as_batch(failure: Failure) -> Candidate | None:
    """The input as a batch of one, where each layer of a ``Sequential`` was made for just that."""
    site = failure.site
    node = site.node if site is not None else None
    if site is None or not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
        return None
    chain, image = uncompiled(value_of(node.func, site)), operand(node.args[0], site)
    if not is_chain(chain) or not image.shape or site.frame.f_code.co_name == "forward":
        return None
    if not _all_fit(chain, (1, *image.shape)):
        return None
    code = f"{in_brackets(image.node, image.name)}[None]"
    line = line_with(site, {image.node: code})
    return Candidate(f"Give it as a batch of one: {code}.", line, lambda: "shape-verified")


def _all_fit(chain: Any, shape: tuple[int, ...]) -> bool:
    mends: list[Mend] = []
    with suppress(UnknownShapeError, RuntimeError, TypeError, ValueError, IndexError):
        passed(leaves(chain), zeros_like_batch(shape), mends)
        return not mends
    return False


def _weight(name: str, layer: Any) -> list[Operand]:
    weight = getattr(layer, "weight", None)
    return [] if weight is None else [Operand(f"{name}.weight", weight)]


def _candidates(failure: Failure, operand: Operand, broken: Mend) -> Iterator[Candidate]:
    shape = operand.shape or ()
    if len(shape) > 2 and prod(shape[1:]) == broken.wanted:
        taken = given(failure, operand.value, 0, "")
        if taken.node is not None:
            yield with_call(
                failure, taken, "Flatten all axes but the batch: {}.", ".flatten(1)", _fits(broken)
            )
            return
        flattened = _flattened(failure, broken)
        if flattened is not None:
            yield flattened
            return
    yield mend(failure, broken)


def _flattened(failure: Failure, broken: Mend) -> Candidate | None:
    """The layer of a ``Sequential`` with ``nn.Flatten`` before it."""
    made = constructor_of(found_module(broken.layer, failure.sites), failure)
    step = failure.inside("forward", "nn.modules.container")
    chain = step.local("self") if step is not None else None
    if (
        made is None
        or not is_chain(chain)
        or not any(each is broken.layer for each in leaves(chain))
    ):
        return None
    own = ast.unparse(made.call)
    flatten = f"{ast.unparse(made.call.func).rpartition('.')[0] or 'nn'}.Flatten()"
    return Candidate(
        f"Flatten all axes but the batch before it: {flatten}.",
        line_with(made.place, {made.call: f"{flatten}, {own}"}),
        lambda: "shape-verified",
        made.place,
    )


def _fits(broken: Mend) -> Any:
    torch: Any = sys.modules["torch"]
    return lambda value: torch.nn.functional.linear(
        value.flatten(1), value.new_zeros((1, broken.wanted))
    )
