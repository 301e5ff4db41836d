"""How values that are not finite pass through an operation, and when it is their origin."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from dlmagic.magics.watch.torch.culprit.numbers import Numbers
from dlmagic.magics.watch.torch.culprit.origin import Origin, first

_TURN_SIGNS = ("neg", "abs", "mul", "div", "truediv", "sub", "rsub", "pow", "square", "reciprocal")
_WRITES = ("__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__")


@dataclass(frozen=True)
class Seen:
    """A tensor that went into an operation, as it was then.

    Attributes:
        numbers: What its values were.
        origin: Where those come from that are not finite; None where nobody has told.
    """

    numbers: Numbers
    origin: Origin | None


def passed_on(name: str, inputs: Sequence[Seen], made: Numbers) -> Origin | None:
    """The origin of an operation's output among that of its inputs; None where it is the first.

    An infinity that a mask put in is none of NaN: that is the operation which cannot take it, such
    as the softmax of a row that is masked as a whole.
    """
    nan = [each for each in inputs if each.numbers.nan]
    infinite = [each for each in inputs if each.numbers.infinite]
    if made.nan and nan:
        return first(each.origin for each in nan)
    if made.nan:
        found = first(each.origin for each in infinite)
        return None if found is None or found.deliberate else found
    if made.positive and not _could_be_positive(name, [*nan, *infinite]):
        return None
    return first(each.origin for each in (*infinite, *nan))


def is_unexplained(inputs: Iterable[Seen], made: Numbers) -> bool:
    """Whether an input was like that before, and nobody has told from where."""
    return any(
        each.origin is None and (each.numbers.nan if made.nan else each.numbers.infinite)
        for each in inputs
    )


def is_deliberate(name: str, arguments: Sequence[Any], made: Numbers, inputs: Any) -> bool:
    """Whether infinities were asked for: written as a number, or the logarithm of a mask."""
    if made.nan:
        return False
    tensors = [each for each in arguments if isinstance(each, Tensor)]
    if not tensors or any(map(_is_infinite, _plain(arguments))):
        return True
    return name.startswith("log") and _is_mask(tensors[0]) if inputs == (0.0, 1.0) else False


def written_by(name: str, arguments: Sequence[Any], keywords: dict[str, Any]) -> Iterator[Any]:
    """What an operation changes in place."""
    in_place = name.endswith("_") and not name.endswith("__")
    if (in_place or name in _WRITES) and arguments:
        yield arguments[0]
    if keywords.get("out") is not None:
        yield keywords["out"]


def _could_be_positive(name: str, inputs: list[Seen]) -> bool:
    if not inputs or any(each.numbers.positive or each.numbers.nan for each in inputs):
        return bool(inputs)
    return name.strip("_").startswith(_TURN_SIGNS)


def _plain(values: Any, depth: int = 3) -> Iterator[float]:
    for each in values:
        if isinstance(each, float):
            yield each
        elif isinstance(each, list | tuple) and depth:
            yield from _plain(each, depth - 1)
        elif isinstance(each, Tensor) and each.dim() == 0 and each.is_floating_point():
            yield float(each.detach())


def _is_infinite(number: float) -> bool:
    return math.isinf(number)


def _is_mask(tensor: Tensor) -> bool:
    values = tensor.detach()
    return bool(((values == 0) | (values == 1)).all())
