"""Which tensors lie in the same memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dlmagic.frameworks.description import Allocation


@dataclass(frozen=True)
class _Use:
    place: Allocation
    owner: int


def shared(memories: Sequence[Sequence[Allocation]]) -> tuple[list[list[int]], int]:
    """Who shares memory with whom, and how much memory there is.

    Args:
        memories: The allocations of each tensor.

    Returns:
        For each tensor the others that lie in one of its allocations, and the bytes of all
        allocations, what is shared counted once.
    """
    with_whom: list[list[int]] = [[] for _ in memories]
    total = 0
    for group in _overlapping(memories):
        total += max(use.place.end for use in group) - group[0].place.start
        owners = list(dict.fromkeys(use.owner for use in group))
        for owner in owners if len(owners) > 1 else ():
            known = with_whom[owner]
            known += [other for other in owners if other != owner and other not in known]
    return [sorted(others) for others in with_whom], total


def _overlapping(memories: Sequence[Sequence[Allocation]]) -> Iterator[list[_Use]]:
    """Allocations that overlap, in groups; by one pass from the lowest address to the highest."""
    uses = [_Use(place, owner) for owner, places in enumerate(memories) for place in places]
    group: list[_Use] = []
    end = 0
    for use in sorted(uses, key=lambda each: (each.place.device, each.place.start)):
        if group and (use.place.device != group[0].place.device or use.place.start >= end):
            yield group
            group = []
        end = max(end, use.place.end) if group else use.place.end
        group.append(use)
    if group:
        yield group
