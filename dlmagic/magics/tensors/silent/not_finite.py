"""Where NaN or infinity began that has come into a loss or its gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dlmagic.frameworks.operations import Operation, Seen

_ON_PURPOSE = frozenset(
    {
        *("full", "full_like", "masked_fill", "masked_fill_", "tensor", "as_tensor", "fill_"),
        *("where", "__setitem__", "scalar_tensor", "new_full", "index_fill", "index_fill_"),
    }
)
_MAKING = frozenset({"tensor", "as_tensor", "full", "__setitem__"})
_FAR = 50


@dataclass(frozen=True)
class Origin:
    """What was the first to be not finite.

    Attributes:
        operation: What made it, or where data come in that hold it.
        output: What the operation gave.
        data: The tensor that the cell was given so, or None.
    """

    operation: Operation
    output: Seen
    data: Seen | None = None


def origin_of(seen: Seen) -> Origin | None:
    """Back to the operation whose inputs were all finite; None where nobody saw it."""
    output, consumer = seen, seen.maker
    while seen.maker is not None:
        causes = [each for each in seen.maker.inputs if _is_cause(each)]
        if not causes:
            made = seen.numbers == "nan" and seen.maker.name in _MAKING
            return Origin(seen.maker, seen, seen if made else None)
        output, consumer = seen, seen.maker
        seen = next((each for each in causes if each.numbers == "nan"), causes[0])
    return None if consumer is None else Origin(consumer, output, seen)


def _is_cause(seen: Seen) -> bool:
    return seen.numbers not in (None, "finite") and not _is_on_purpose(seen)


def _is_on_purpose(seen: Seen) -> bool:
    """Whether infinity was put there as a mask, or NaN only by a mask."""
    for _ in range(_FAR):
        if seen.maker is None:
            return seen.numbers == "low" and seen.parameter is None
        if seen.maker.name in _ON_PURPOSE and seen.numbers != "nan":
            return True
        inner = [each for each in seen.maker.inputs if each.numbers not in (None, "finite")]
        if not inner or seen.numbers == "nan":
            return False
        seen = inner[0]
    return False


def steep_before(loss: Seen) -> Origin | None:
    """The first operation behind a finite loss through which no finite gradient comes."""
    found = [each for each in _behind(loss) if _is_steep(each.operation, each.output)]
    return min(found, key=lambda each: each.output.number, default=None)


def _is_steep(operation: Operation, output: Seen) -> bool:
    """A root at 0, or numbers that a later ``where`` leaves out: their gradient is NaN."""
    if operation.is_steep or not output.requires_grad:
        return operation.is_steep
    if output.numbers in (None, "finite") or operation.name in _ON_PURPOSE:
        return False
    return not any(map(_is_cause, operation.inputs)) and not _is_on_purpose(output)


def _behind(seen: Seen) -> Iterator[Origin]:
    waiting, met = [seen], set()
    while waiting:
        output = waiting.pop()
        if output.maker is None or id(output.maker) in met:
            continue
        met.add(id(output.maker))
        yield Origin(output.maker, output)
        waiting += [each for each in output.maker.inputs if each.requires_grad]
