"""Where a tensor comes from, as far as the operations that were heard of tell."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dlmagic.frameworks.operations import Operation, Seen

_MOST = 5_000
"""Operations that are looked through: a tensor of a long loop may come from very many."""

SAME_NUMBERS = frozenset(
    {
        *("view", "view_as", "reshape", "squeeze", "unsqueeze", "flatten", "unflatten", "ravel"),
        *("T", "mT", "H", "mH", "t", "transpose", "permute", "movedim", "moveaxis", "swapaxes"),
        *("contiguous", "clone", "data"),
        *("getitem", "select", "narrow", "chunk", "split", "unbind", "cat", "concat", "stack"),
        *("index_select", "gather", "masked_select", "expand", "detach", "requires_grad"),
        *("float", "double", "half", "bfloat16", "to", "type", "cpu", "cuda"),
        *("strided_slice", "identity", "pack", "unpack"),  # of TensorFlow
    }
)
"""Operations that give some of their input's numbers, in another shape, order or type."""


SCALED = frozenset({"add", "sub", "rsub", "mul", "div", "truediv"})
_WITH_A_NUMBER = SCALED | {"clamp", "clip", "mean"}
"""Operations that are on the way to another only with one tensor: ``p + 1e-8``."""


def plain(name: str) -> str:
    """An operation's name without the underscores of operators and of changes in place."""
    return name.strip("_")


def maker_through(seen: Seen, ways: Collection[str]) -> Operation | None:
    """The operation that made a tensor, ahead of those that are only on the way."""
    return source_through(seen, ways).maker


def source_through(seen: Seen, ways: Collection[str]) -> Seen:
    """The tensor that another was made from by operations that are only on the way."""
    while seen.maker is not None and _is_on_the_way(seen.maker, ways):
        seen = seen.maker.inputs[0]
    return seen


def results_through(seen: Seen, ways: Collection[str]) -> Iterator[Seen]:
    """What the operations on the way gave, the last one first."""
    while seen.maker is not None and _is_on_the_way(seen.maker, ways):
        yield seen
        seen = seen.maker.inputs[0]


def _is_on_the_way(operation: Operation, ways: Collection[str]) -> bool:
    name = plain(operation.name)
    if name not in ways or not operation.inputs:
        return False
    return name not in _WITH_A_NUMBER or len(operation.inputs) == 1


def is_learned(seen: Seen) -> bool:
    """Whether parameters had a part in it, also where no gradient was recorded."""
    waiting, known = [seen], {seen.number}
    while waiting and len(known) < _MOST:
        each = waiting.pop()
        if each.requires_grad:
            return True
        inputs = each.maker.inputs if each.maker is not None else ()
        new = [one for one in inputs if one.number not in known]
        known.update(one.number for one in new)
        waiting += new
    return False
