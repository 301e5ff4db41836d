"""Which shapes go together: axes are paired from the last one on, and those of one stretch."""

from __future__ import annotations

from collections.abc import Sequence


def conflict(left: Sequence[int | None], right: Sequence[int | None]) -> int | None:
    """The first axis, counted from the end, whose lengths do not go together; None without one.

    An open length, None, goes with any.
    """
    pairs = enumerate(zip(reversed(left), reversed(right), strict=False), 1)
    return next((axis for axis, (a, b) in pairs if a != b and not {1, None} & {a, b}), None)


def missing_axes(shape: Sequence[int | None], other: Sequence[int | None]) -> list[int]:
    """Where one axis of length one makes a shape fit the other without stretching that."""
    if len(shape) >= len(other):
        return []
    places = range(1, len(shape) + 1)
    return [k for k in places if conflict([*shape[:k], 1, *shape[k:]], other) is None]


def index_with_axis(axis: int, count: int) -> str:
    """The index that gives a tensor with so many axes another one there: ``":, None"``."""
    return "..., None" if axis == count else ", ".join([":"] * axis + ["None"])
