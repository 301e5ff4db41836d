"""What waits to be taken by another thread."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 10_000  # if nobody takes them, the oldest go


class Arrived(Generic[T]):
    """A queue that is emptied at once; for one who adds and one who takes."""

    def __init__(self) -> None:
        self._waiting: deque[T] = deque(maxlen=_MOST)

    def add(self, value: T) -> None:
        """One more has arrived."""
        self._waiting.append(value)

    def taken(self) -> list[T]:
        """All that have arrived, oldest first; they are then gone."""
        found: list[T] = []
        while self._waiting:
            found.append(self._waiting.popleft())
        return found
