"""What is a tensor after a rewrite, and was a Python number before it."""

from __future__ import annotations

from dlmagic.cell.frozen import Frozen, FrozenArray, FrozenContainer


def about_left_tensors(before: FrozenContainer, after: FrozenContainer) -> str:
    """A sentence about them, or an empty text where there are none.

    Args:
        before: What the cell produces as it is.
        after: What it produces with the rewrite.
    """
    now = dict(after.items)
    names = [
        path.removeprefix("['").removesuffix("']")
        for path, value in before.items
        if path in now and _tensors_in(now[path]) > _tensors_in(value)
    ]
    if not names:
        return ""
    holds = "holds" if len(names) == 1 else "hold"
    return (
        f" {' and '.join(names)} then {holds} a tensor in place of a Python number: float() makes "
        "it one again, outside of the graph."
    )


def _tensors_in(value: Frozen) -> int:
    match value:
        case FrozenArray():
            return not value.scalar
        case FrozenContainer():
            return sum(_tensors_in(inner) for _, inner in value.items)
        case _:
            return 0
