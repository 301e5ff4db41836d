"""One rank of a training that was watched on a cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RankState:
    """One rank, as it told last.

    Attributes:
        rank: Its place in the view.
        host: Where it runs.
        steps: Steps of its optimiser.
        skipped: How often gradients were used by no step, as where a gradient scaler skips it.
        samples: Steps that it measured; those that all ranks measured are in the result.
        share: Time that watching added there, as a share; None before it can be told.
        lost: Why it told no more, such as ``"its engine ended"``; empty where nothing was wrong.
    """

    rank: int
    host: str
    steps: int
    skipped: int = 0
    samples: int = 0
    share: float | None = None
    lost: str = ""
