"""What the ranks of a benchmark have to do with each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Interval = tuple[float, float]

MOST_RANKS = 64
"""Ranks up to which every sample of every rank is kept; beyond there is one median for each."""


@dataclass(frozen=True, kw_only=True)
class RankSpread:
    """How the ranks of one arm compare. Times are in seconds per call of the cell.

    Attributes:
        size: How many ranks there were.
        medians: The time of each rank by itself, by rank.
        skew: Median over the rounds of the slowest rank's time less the fastest one's.
        straggler: The rank that is surely slower than the others, or None.
        lag: Its time divided by that of the others in the middle, with 95 % interval.
        lag_interval: That interval.
        lag_seen: ``"time"``, or ``"waiting"``: in a collective all take equally long, and the one
            that waits the least there is the one that the others wait for.
        throughput: Calls per second of all ranks together.
        alone: The time of rank 0 while the others rest, or None.
        efficiency: That time divided by the time with all ranks; 1 where they cost each other
            nothing.
        efficiency_interval: Its 95 % interval.
        why_no_efficiency: Why it is not known, where it is not.
        communication: Share of the time in which a collective was under way: the middle rank's.
        communication_by_rank: The same of each rank; empty beyond :data:`MOST_RANKS` ranks.
        why_no_communication: Why it is not known, where it is not.
    """

    size: int
    medians: tuple[float, ...] = field(default=(), repr=False)
    skew: float | None = None
    straggler: int | None = None
    lag: float | None = None
    lag_interval: Interval | None = None
    lag_seen: Literal["", "time", "waiting"] = ""
    throughput: float | None = None
    alone: float | None = None
    efficiency: float | None = None
    efficiency_interval: Interval | None = None
    why_no_efficiency: str = ""
    communication: float | None = None
    communication_by_rank: tuple[float, ...] = field(default=(), repr=False)
    why_no_communication: str = ""
