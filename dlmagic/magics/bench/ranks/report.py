"""From the blocks of all ranks to what is said about an arm; on the first rank."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from dlmagic.frameworks.collectives import Communication
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.block import Block
from dlmagic.magics.bench.rank_result import MOST_RANKS, RankSpread
from dlmagic.magics.bench.ranks.company import Company
from dlmagic.magics.bench.ranks.spread import Lag, Times, as_times, skew_of, straggler_of
from dlmagic.magics.bench.unpaired import ratio_interval, ratio_of_medians

_WAITING_MATTERS = 0.05
"""Share of the time that others must wait for one rank, so that it is named."""


def with_ranks(arm: Arm, blocks: Sequence[Block], company: Company | None) -> Arm:
    """The arm with all that is known of its ranks; as it is where there is one process only."""
    by_rank = [block.by_rank for block in blocks if block.by_rank is not None]
    if not by_rank or arm.median is None:
        return arm
    times = as_times(by_rank, [block.calls for block in blocks])
    few = times.shape[1] <= MOST_RANKS
    ranks = tuple(tuple(column) for column in times.T.tolist()) if few else ()
    spread = spread_of(times, arm.median)
    if company is None:
        return replace(arm, ranks=ranks, spread=_with_lag(spread, straggler_of(times), "time"))
    spread = _with_communication(_with_efficiency(spread, arm, company), company)
    if any(each.collectives for call in company.communication for each in call):
        spread = _with_lag(spread, _waited_for(company), "waiting")
    else:
        spread = _with_lag(spread, straggler_of(times), "time")
    return replace(arm, ranks=ranks, spread=spread)


def spread_of(times: Times, median: float) -> RankSpread:
    """What the times of all ranks say by themselves.

    Args:
        times: Seconds a call, by round and rank.
        median: Seconds a call of the slowest rank, in the middle of all rounds.
    """
    size = times.shape[1]
    return RankSpread(
        size=size,
        medians=tuple(np.median(times, axis=0).tolist()),
        skew=skew_of(times),
        throughput=size / median,
    )


def _with_lag(spread: RankSpread, lag: Lag | None, seen: Literal["time", "waiting"]) -> RankSpread:
    if lag is None:
        return spread
    return replace(
        spread, straggler=lag.rank, lag=lag.times, lag_interval=lag.interval, lag_seen=seen
    )


def _with_efficiency(spread: RankSpread, arm: Arm, company: Company) -> RankSpread:
    if not company.alone:
        return replace(spread, why_no_efficiency=company.why_not_alone)
    return replace(
        spread,
        alone=statistics.median(company.alone),
        efficiency=ratio_of_medians(company.alone, arm.samples),
        efficiency_interval=ratio_interval(company.alone, arm.samples),
    )


def _with_communication(spread: RankSpread, company: Company) -> RankSpread:
    if not company.communication:
        return replace(spread, why_no_communication=company.why_no_communication)
    shares = np.median([[_share(each) for each in call] for call in company.communication], axis=0)
    return replace(
        spread,
        communication=float(np.median(shares)),
        communication_by_rank=tuple(shares.tolist()) if len(shares) <= MOST_RANKS else (),
    )


def _share(each: Communication) -> float:
    return each.communicating / each.seconds if each.seconds else 0.0


def _waited_for(company: Company) -> Lag | None:
    """The rank that the others wait for in collectives, where there is one.

    All ranks leave a collective together, so that all take equally long. Whoever spends more time
    outside of collectives than the others is who they wait for.
    """
    seen = company.communication
    outside = np.asarray([[each.seconds - each.communicating for each in call] for call in seen])
    whole = float(np.median([[each.seconds for each in call] for call in seen]))
    behind = float(np.median(outside.max(axis=1) - np.median(outside, axis=1)))
    return straggler_of(outside) if behind >= _WAITING_MATTERS * whole else None
