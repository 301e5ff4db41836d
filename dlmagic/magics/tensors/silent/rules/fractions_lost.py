"""Fractions that whole numbers cannot hold: ``images // 255``, ``counts[0] = 0.5``."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.rule import After, Listening, Mistake, Sure

_DIVISIONS = frozenset({"__floordiv__", "floor_divide", "floor_divide_", "div"})
_FILLING = frozenset({"__setitem__", "fill_", "copy_"})
_RESTS = frozenset({"__mod__", "remainder", "fmod"})
_LEVELS = frozenset({127, 128, 255, 256, 65535})
_TO_FLOAT = frozenset({"float", "to", "double", "half", "type"})


class Rule(Listening):
    """Whole numbers that lost something, where the rest is used nowhere."""

    kind = "fractions-lost"
    sure: Sure = "likely"

    def __init__(self) -> None:
        super().__init__()
        self._divided: dict[int, Operation] = {}
        self._rests: set[int] = set()

    def hear(self, event: Event) -> None:
        """Divisions, what is put into tensors of whole numbers, and remainders."""
        if not isinstance(event, Operation) or not event.inputs:
            return
        if event.name in _RESTS:
            self._rests.add(event.inputs[0].number)
        elif event.name in _FILLING and event.is_exact is False:
            self.found.append(_filled(event))
        elif event.name in _DIVISIONS and event.is_exact is False and _is_to_one(event):
            self._divided[event.inputs[0].number] = event
        elif event.name in _TO_FLOAT and event.output and event.output.dtype.startswith("float"):
            self._becomes_float(event.inputs[0])

    def _becomes_float(self, seen: Seen) -> None:
        """Of 8-bit images, a division by anything is meant to have fractions then."""
        maker = seen.maker
        if maker is None or maker.name not in _DIVISIONS or maker.is_exact is not False:
            return
        if maker.inputs[0].dtype == "uint8":
            self._divided.setdefault(maker.inputs[0].number, maker)

    def mistakes(self, after: After) -> Iterable[Mistake]:
        """Divisions whose rest is asked for nowhere, and the others."""
        for number, event in self._divided.items():
            if number not in self._rests:
                self.found.append(_divided(event))
        return super().mistakes(after)


def _is_to_one(event: Operation) -> bool:
    """Whether the largest number becomes 1 at most, or the sum of all a mean."""
    data, numbers = event.inputs[0], event.data_range
    divisor = event.arguments[1] if len(event.arguments) > 1 else None
    summed = data.maker
    if summed is not None and summed.name == "sum" and summed.inputs:
        whole = summed.inputs[0]
        return whole.dtype != "bool" and divisor in (prod(whole.shape), *whole.shape[:1])
    if numbers is None or numbers[1] < 2:
        return False
    if isinstance(divisor, Seen):
        return divisor.maker is not None and divisor.maker.name in ("max", "amax")
    is_image = data.dtype == "uint8" or len(data.shape) >= 3 or divisor in _LEVELS
    return is_image and isinstance(divisor, int | float) and divisor >= max(numbers[1], 10)


def _divided(event: Operation) -> Mistake:
    return Mistake(
        f"This division of {event.inputs[0].dtype} gives whole numbers only: the fractions are "
        "lost.",
        event.frame,
        text="Divide with /, which gives fractions.",
    )


def _filled(event: Operation) -> Mistake:
    return Mistake(
        f"The tensor is of type {event.inputs[0].dtype}: the fractions of what is put into it "
        "are lost.",
        event.frame,
        text="Make it with dtype=torch.float32.",
    )
