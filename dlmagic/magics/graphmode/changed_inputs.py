"""What of a cell's inputs is not what it was in an earlier call."""

from __future__ import annotations

from collections.abc import Mapping

from dlmagic.magics.graphmode.kinds import kind_of

Inputs = Mapping[str, object]


def is_number(value: object) -> bool:
    """Whether it is one of Python's own numbers, which a graph may keep as a constant."""
    return isinstance(value, bool | int | float | complex)


def changed_numbers(before: Inputs, now: Inputs) -> tuple[str, ...]:
    """Names that are bound to another Python number."""
    return tuple(
        name
        for name, value in now.items()
        if is_number(value) and is_number(before.get(name)) and value != before[name]
    )


def changed_axes(before: Inputs, now: Inputs) -> dict[str, tuple[int, ...]]:
    """The axes whose length changed, by the name of the array."""
    found = {}
    for name, value in now.items():
        old, new = kind_of(before.get(name)).shape, kind_of(value).shape
        if old and new and len(old) == len(new):
            axes = [k for k, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
            if axes:
                found[name] = tuple(axes)
    return found
