"""``nn.MultiheadAttention`` whose heads do not divide its features, or that gets others."""

from __future__ import annotations

import ast
import re
from typing import Any

from dlmagic.magics.tensors.explain.arguments import given
from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.edits import in_brackets, line_with
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.modules import (
    at_start,
    constructor_of,
    found_module,
    named_module,
)
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand

_HEADS = re.compile(r"embed_dim must be divisible by num_heads")
_WIDTH = re.compile(r"was expecting embedding dimension of \d+, but got \d+")
PATTERNS = (_HEADS, _WIDTH)


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The numbers of heads that go, or the layer made for what it gets."""
    return _of_heads(failure) if match.re is _HEADS else _of_width(failure)


def _of_heads(failure: Failure) -> Explained | None:
    step = failure.inside("__init__", "nn.modules.activation")
    width: Any = step.local("embed_dim") if step is not None else None
    heads: Any = step.local("num_heads") if step is not None else None
    if not isinstance(width, int) or not isinstance(heads, int) or heads < 1 or width < 1:
        return None
    near = min(
        (each for each in range(1, width + 1) if width % each == 0),
        key=lambda each: abs(each - heads),
    )
    return Explained(
        kind="attention-width",
        message=(
            f"Each head of an attention gets the same share of its {width} features (embed_dim), "
            f"and {heads} heads do not divide them."
        ),
        candidates=(
            Candidate(
                f"Take {near} head{'' if near == 1 else 's'}, or {heads * -(-width // heads)} "
                "features.",
                _with_heads(failure, str(near)),
            ),
        ),
    )


def _with_heads(failure: Failure, new: str) -> str | None:
    """The line with another number of heads, where it makes the attention itself."""
    call = called(failure.site)
    if call is None or call.name.rpartition(".")[2] != "MultiheadAttention":
        return None
    heads = call.argument(1, "num_heads")
    constant = heads is not None and isinstance(heads.node, ast.Constant)
    return line_with(failure.site, {heads.node: new}) if heads is not None and constant else None


def _of_width(failure: Failure) -> Explained | None:
    step = failure.inside("forward", "nn.modules.activation")
    layer: Any = step.local("self") if step is not None else None
    query: Any = step.local("query") if step is not None else None
    if getattr(layer, "batch_first", False) and getattr(query, "ndim", 0) == 3:
        query = query.transpose(0, 1)  # as it was given
    name = named_module(layer, failure.sites) if layer is not None else ""
    taken = given(failure, query, 0, f"the query of {name}")
    width = getattr(layer, "embed_dim", None)
    if not taken.shape or not isinstance(width, int) or taken.shape[-1] == width:
        return None
    return Explained(
        kind="attention-width",
        message=(
            f"{at_start(name)} was made for {width} features (embed_dim); {taken.name} "
            f"{taken.shape} has {taken.shape[-1]} on its last axis."
        ),
        operands=(taken,),
        candidates=(_moved(taken, width) or _made(failure, layer, taken.shape[-1], width),),
    )


def _moved(taken: Operand, width: int) -> Candidate | None:
    """The features on the last axis, where another has as many."""
    axes = [k for k, each in enumerate(taken.shape or ()) if each == width]
    if len(axes) != 1:
        return None
    owner = in_brackets(taken.node, taken.name) if taken.node is not None else ""
    code = f"{owner}.movedim({axes[0]}, -1)"
    return Candidate(f"Where that is axis {axes[0]}, bring it to the end: {code}.")


def _made(failure: Failure, layer: Any, gets: int, width: int) -> Candidate:
    """The layer for what it gets, in the line that makes it where its heads divide that."""
    made = constructor_of(found_module(layer, failure.sites), failure)
    divided = made is not None and gets % layer.num_heads == 0
    line = made.with_argument(0, "embed_dim", str(gets)) if made is not None and divided else None
    heads = "" if gets % layer.num_heads == 0 else f", with heads that divide {gets}"
    return Candidate(
        f"Make it for {gets} features{heads}; or bring them to {width} before it, as "
        f"nn.Linear({gets}, {width}) does.",
        line,
        None,
        made.place if made is not None and line is not None else None,
    )
