"""Arithmetic on 8-bit numbers that begins again at the other end of their range."""

from __future__ import annotations

from collections.abc import Iterable

from dlmagic.frameworks.operations import Event, Operation
from dlmagic.magics.tensors.silent.ancestry import plain
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_RANGES = {"uint8": "0 to 255", "int8": "-128 to 127"}
_OTHERS = frozenset({"__floordiv__", "floor_divide", "floor_divide_", "div", "fill_", "copy_"})
_ON_PURPOSE = frozenset(
    {
        *("__and__", "__or__", "__xor__", "__rand__", "__ror__", "__rxor__", "__invert__"),
        *("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not", "remainder", "__mod__"),
        *("__lshift__", "__rshift__", "bitwise_left_shift", "bitwise_right_shift"),
    }
)


class Rule(Listening):
    """The first operation of each chain that overflowed with the very numbers of the cell."""

    kind = "integer-overflow"
    sure: Sure = "likely"

    def __init__(self) -> None:
        super().__init__()
        self._overflowed: dict[int, Mistake] = {}
        self._from: dict[int, int] = {}

    def hear(self, event: Event) -> None:
        """Sums, differences and products; bits show that numbers are no amounts."""
        if not isinstance(event, Operation):
            return
        behind = {self._from[each.number] for each in event.inputs if each.number in self._from}
        output = event.output
        if event.name in _ON_PURPOSE:
            for number in behind:
                self._overflowed.pop(number, None)
        elif not behind and output is not None and _overflows(event, output.dtype):
            behind = {output.number}
            self._overflowed[output.number] = _mistake(event, output.dtype)
        if behind and output is not None:
            self._from[output.number] = min(behind)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Each line once."""
        self.found = list(self._overflowed.values())
        return super().mistakes(after)


def _overflows(event: Operation, kind: str) -> bool:
    return event.is_exact is False and event.name not in _OTHERS and kind in _RANGES


def _mistake(event: Operation, kind: str) -> Mistake:
    name = plain(event.name)
    return Mistake(
        f"Numbers of type {kind} go from {_RANGES[kind]}; {name}() left that range and wrapped "
        "around to its other end.",
        event.frame,
        text="Convert first: x.float(), or x.to(torch.int16).",
    )
