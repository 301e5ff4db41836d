"""The same numbers put in order again and again, by ``contiguous()`` or by what needs them so."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.display.units import fixed, seconds
from dlmagic.frameworks.operations import Copied, Event, Operation
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_ENOUGH = 3
_LEAST = 4096
"""Bytes below which a copy costs no more than the call does."""


class Rule(Listening):
    """The copies of each tensor, which are the same as long as nothing changes it."""

    kind = "copied-again"
    sure: Sure = "likely"

    def __init__(self) -> None:
        super().__init__()
        self._copies: dict[tuple[object, ...], list[tuple[Operation, Copied]]] = {}

    def hear(self, event: Event) -> None:
        """Operations that copy."""
        if isinstance(event, Operation):
            for copied in (each for each in event.copied if each.nbytes >= _LEAST):
                self._copies.setdefault(copied.source, []).append((event, copied))

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each tensor with enough copies, at the first."""
        return [
            _mistake(*copies[0], len(copies), after)
            for copies in self._copies.values()
            if len(copies) >= _ENOUGH
        ]


def _mistake(operation: Operation, copied: Copied, count: int, after: After) -> Mistake:
    name, base = after.name_of(copied.number), after.name_of(copied.base)
    time = after.time_of_copy(copied.source)
    cost = ""
    if time is not None:
        how = "measured" if time.is_measured else "estimated"
        cost = f" and {seconds(time.seconds)} ({how})"
    who = name or (f"a view of {base}" if base else "a tensor")
    return Mistake(
        f"{operation.name.strip('_')} copies {who}, whose strides are {copied.strides}, again and "
        f"again: {count} copies were seen, each of {fixed(copied.nbytes, 0)} bytes{cost}.",
        operation.frame,
        text="Call .contiguous() once, ahead of the loop, and use its result.",
        operands=tuple(each for each in (name or base,) if each),
    )
