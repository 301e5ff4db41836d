"""A mask that does not fit the scores of an attention."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from dlmagic.magics.tensors.explain.arguments import with_call
from dlmagic.magics.tensors.explain.calls import called
from dlmagic.magics.tensors.explain.failure import Failure
from dlmagic.magics.tensors.explain.rule import Candidate, Explained, Operand
from dlmagic.magics.tensors.explain.stretching import conflict

PATTERNS = (
    re.compile(r"The size of tensor a \(\d+\) must match the size of tensor b"),
    re.compile(r"The expanded size of the tensor \(\d+\) must match the existing size"),
    re.compile(r"The shape of the 3D attn_mask is .*, but should be \((?P<wanted>[\d, ]+)\)"),
)
_Shape = tuple[int, ...]


def explain(failure: Failure, match: re.Match[str]) -> Explained | None:
    """The shape of the mask, and that of the scores."""
    call = called(failure.site)
    if call is None:
        return None
    wanted = match.groupdict().get("wanted")
    if wanted is not None:
        return _of_each_head(failure, call.keywords.get("attn_mask"), _numbers(wanted))
    if call.name in ("masked_fill", "masked_fill_") and call.owner is not None:
        return _of_filled(failure, call.owner, call.argument(0, "mask"))
    if call.name != "scaled_dot_product_attention":
        return None
    query, key = call.argument(0, "query"), call.argument(1, "key")
    mask = call.argument(3, "attn_mask")
    return _of_scores(failure, query, key, mask) if query and key and mask else None


def _numbers(text: str) -> _Shape:
    return tuple(int(each) for each in text.split(","))


def _of_each_head(failure: Failure, mask: Operand | None, wanted: _Shape) -> Explained | None:
    """A mask for each sample, where the layer takes one for each head of each sample."""
    if mask is None or not mask.shape or mask.shape[1:] != wanted[1:]:
        return None
    heads, rest = divmod(wanted[0], mask.shape[0])
    candidates = (
        [
            with_call(
                failure,
                mask,
                "Repeat each mask for all heads: {}.",
                f".repeat_interleave({heads}, dim=0)",
                lambda value: _must_be(value.repeat_interleave(heads, dim=0), wanted),
            )
        ]
        if not rest
        else []
    )
    return Explained(
        kind="attention-mask",
        message=f"An attn_mask of three axes has one mask for each head of each sample, {wanted}; "
        f"{mask.name} is {mask.shape}.",
        operands=(mask,),
        candidates=tuple(candidates),
    )


def _must_be(value: Any, shape: _Shape) -> None:
    if tuple(value.shape) != shape:
        raise ValueError


def _of_scores(failure: Failure, query: Operand, key: Operand, mask: Operand) -> Explained | None:
    if not query.shape or not key.shape or not mask.shape or len(key.shape) < 2:
        return None
    scores = (*query.shape[:-1], key.shape[-2])
    if conflict(mask.shape, scores) is None:
        return None
    return Explained(
        kind="attention-mask",
        message=f"A mask is for the scores, one for each pair of a query and a key: they are "
        f"{scores}, and {mask.name} is {mask.shape}.",
        operands=(mask, query) if query.name == key.name else (mask, query, key),
        candidates=tuple(_stretched(failure, query, key, mask, scores)),
    )


def _of_filled(failure: Failure, scores: Operand, mask: Operand | None) -> Explained | None:
    """Scores with heads, (samples, heads, queries, keys), and a mask for each key of a sample."""
    shape = scores.shape or ()
    way = _way(mask.shape or (), shape) if mask is not None else None
    if mask is None or way is None or len(mask.shape or ()) != 2:
        return None
    code, index = way
    return Explained(
        kind="attention-mask",
        message=(
            f"Axes are paired from the last one on: {mask.name} is {mask.shape}, one element for "
            f"each key of each sample, and {scores.name} is {shape}."
        ),
        operands=(mask, scores),
        candidates=(
            with_call(
                failure,
                mask,
                "Let it hold for all heads, and all queries: {}.",
                code,
                lambda value, filled: filled.masked_fill(value[index], 0),
                scores.value,
            ),
        ),
    )


def _way(mask: _Shape, scores: _Shape) -> tuple[str, tuple[slice | None, ...]] | None:
    """Where a mask for each sample gets axes of length one, for heads and perhaps queries."""
    if len(scores) != 4:
        return None
    ways: dict[_Shape, tuple[str, tuple[slice | None, ...]]] = {
        (scores[0], scores[-1]): ("[:, None, None, :]", (slice(None), None, None)),
        (scores[0], *scores[-2:]): ("[:, None]", (slice(None), None)),
    }
    return ways.get(mask)


def _stretched(
    failure: Failure, query: Operand, key: Operand, mask: Operand, scores: _Shape
) -> Iterator[Candidate]:
    """The mask with axes of length one, where it says something of each key of each sample."""
    shape = mask.shape or ()
    way = _way(shape, scores)
    if way is None:
        return
    code, index = way
    attention = sys.modules["torch"].nn.functional.scaled_dot_product_attention
    yield with_call(
        failure,
        mask,
        "Let it hold for all heads, and all queries: {}."
        if len(shape) == 2
        else "Let it hold for all heads: {}.",
        code,
        lambda value, q, k: attention(q, k, k, attn_mask=value[index]),
        query.value,
        key.value,
    )
