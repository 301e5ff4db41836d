"""The constructors of layers, written for what the layers get."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dlmagic.magics.tensors.explain.carrying import further_mends
from dlmagic.magics.tensors.explain.edits import line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.layers import Mend, made_for, passed, zeros_like_batch
from dlmagic.magics.tensors.explain.modules import Constructor, constructor_of, found_module
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.sites import Place
from dlmagic.magics.tensors.explain.sources import place_of
from dlmagic.magics.tensors.explain.trying import Tried

_OUTPUTS = ("out_features", "out_channels", "hidden_size")


@dataclass(frozen=True)
class _Edit:
    """A number in a line of the user's, and what must stand there.

    Attributes:
        place: The line.
        node: The number.
        code: What stands in its place.
    """

    place: Place
    node: ast.expr = field(repr=False)
    code: str


def mend(failure: Failure, broken: Mend, before: Sequence[Mend] = ()) -> Candidate:
    """The layer made for what it gets, in the line of the user's that makes it.

    Args:
        failure: What happened.
        broken: The layer.
        before: Layers that are mended already: edits of the same line are kept.
    """
    edits = [edit for each in (*before, broken) if (edit := _edit(failure, each)) is not None]
    own = _edit(failure, broken)
    text = f"Make it for what it gets: {_short(broken)}."
    if own is None:
        return Candidate(text, None, lambda: _check(broken))
    line = line_with(own.place, {each.node: each.code for each in edits if each.place == own.place})
    return Candidate(text, line, lambda: _check(broken), own.place)


def further_edits(failure: Failure, first: Mend) -> Iterator[Explained]:
    """What must be changed behind a layer that is mended, one for each further layer."""
    before = [first]
    for each in further_mends(failure, first):
        if any(each.layer is known.layer for known in before):
            continue  # one that is used twice cannot be made for both
        found = found_module(each.layer, failure.sites)
        name = found.name if found else "the layer after it"
        what = _what(each)
        yield Explained(
            kind="channels" if what == "channels" else "layer-features",
            message=f"Then {name} gets {each.gets} {what} instead of {each.wanted}.",
            operands=(Operand(name, each.layer),),
            candidates=(mend(failure, each, before),),
        )
        before.append(each)


def _what(broken: Mend) -> str:
    made = made_for(broken.layer)
    return "features" if made and made.keyword in ("in_features", "input_size") else "channels"


def _edit(failure: Failure, broken: Mend) -> _Edit | None:
    """The number in the line that makes the layer; None where it is not found."""
    made = constructor_of(found_module(broken.layer, failure.sites), failure)
    argument = made_for(broken.layer)
    if made is None or argument is None or not _is_its_own(made, broken):
        return None
    node = made.argument(0, argument.keyword)
    if node is None:
        return None
    place = place_of(made.place.cell, made.place.file, node.lineno)
    return _Edit(place, node, str(broken.gets))


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


def _check(broken: Mend) -> Tried:
    """Whether a layer of such a shape takes the input; its numbers will be new in any case."""
    if hasattr(broken.layer, "input_size"):
        return "shape-verified"  # no other number of its shape depends on it
    passed([broken.layer], zeros_like_batch(broken.shape), [])
    return "shape-verified"
