"""How ranks come to one decision: each says what it has, and the first one decides for all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol

Decide = Callable[[list[Any]], Any]


class Meeting(Protocol):
    """Ranks that come to the same points in the same order."""

    def meet(self, value: object, decide: Decide, patience: float | None = None) -> Any:
        """Wait for all others; what rank 0 decides from the values of all, on every rank.

        Args:
            value: What this rank has, as plain data.
            decide: Is called on rank 0, with the values of all in the order of ranks.
            patience: Seconds to wait for the others, where that is not what was agreed on.
        """


def first(values: list[Any]) -> Any:
    """A decision: what rank 0 has brought."""
    return values[0]


def decision(said: Sequence[bytes], decide: Decide) -> bytes:
    """What is decided, in the form in which it travels; so are the values, by rank."""
    values = json.loads(b"[" + b",".join(said) + b"]")
    return json.dumps(decide(values)).encode()
