"""What a benchmark over several ranks shows beside the times: how the ranks get on together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dlmagic.display.parts import Column, Part, Sentence, Span, Table, abridge, sentence, shorten
from dlmagic.display.units import Ratio, half_width, plural, seconds
from dlmagic.magics.bench.arm_result import Arm
from dlmagic.magics.bench.headline import NAME_LIMIT, best_first
from dlmagic.magics.bench.rank_result import RankSpread
from dlmagic.magics.bench.result import BenchResult

_MOST_ARMS = 20
_MOST_RANKS = 16
_ABSENT = Span("–", "muted")


def rank_parts(result: BenchResult) -> list[Part]:
    """A table of the arms, one of the ranks, and what is not known; nothing for one process."""
    arms = [arm for arm in best_first(result.arms) if arm.measured and arm.spread is not None]
    if not arms or len(result.hosts) < 2:
        return []
    shown = result.reference_arm() or arms[0]
    return [
        *_straggler(arms),
        _arms_table(arms[:_MOST_ARMS], result.hosts),
        *_ranks_table(shown, result.hosts),
        *_reasons(arms),
    ]


def _straggler(arms: Sequence[Arm]) -> list[Sentence]:
    """One line for each arm that has one."""
    return [
        sentence(Span(f"Rank {s.straggler} is the straggler", "bad"), f" of {name}{_how(s)}.")
        for name, s in ((abridge(arm.name, NAME_LIMIT), arm.spread) for arm in arms[:_MOST_ARMS])
        if s is not None and s.straggler is not None
    ]


def _how(spread: RankSpread) -> str:
    lag = Ratio(spread.lag or 1.0, spread.lag_interval).with_span()
    if spread.lag_seen == "waiting":
        return f": the others wait for it in collectives; outside of these it takes {lag} as long"
    return f": it takes {lag} as long as the others"


def _arms_table(arms: Sequence[Arm], hosts: Sequence[str]) -> Table:
    places = plural(len(set(hosts)), "host")
    columns = (
        Column("arm"),
        Column("calls/s, all ranks", numeric=True),
        Column("rank 0 alone", numeric=True),
        Column("scaling efficiency (interval)"),
        Column("in collectives", numeric=True),
        Column("skew", numeric=True),
    )
    rows = tuple(_arm_row(arm, arm.spread) for arm in arms if arm.spread is not None)
    return _without_empty(
        Table(f"{plural(len(hosts), 'rank')} on {places} together", columns, rows)
    )


def _without_empty(table: Table) -> Table:
    """The table without the columns that say nothing in any row."""
    kept = [k for k in range(len(table.columns)) if any(row[k] != _ABSENT for row in table.rows)]
    columns = tuple(table.columns[k] for k in kept)
    return Table(table.caption, columns, tuple(tuple(row[k] for k in kept) for row in table.rows))


def _arm_row(arm: Arm, spread: RankSpread) -> tuple[Span, ...]:
    efficiency, share = spread.efficiency, spread.communication
    return (
        Span(abridge(arm.name, NAME_LIMIT), "strong"),
        Span(f"{float(f'{spread.throughput:.3g}'):,.10g}") if spread.throughput else _ABSENT,
        Span(seconds(spread.alone, digits=2)) if spread.alone else _ABSENT,
        Span(_percent(efficiency, spread.efficiency_interval)) if efficiency else _ABSENT,
        Span(f"{share:.0%}".replace("%", " %")) if share is not None else _ABSENT,
        Span(seconds(spread.skew, digits=2)) if spread.skew is not None else _ABSENT,
    )


def _percent(share: float, interval: tuple[float, float] | None) -> str:
    text = f"{100 * share:.0f} %"
    return (
        text
        if interval is None
        else (f"{text} ({100 * interval[0]:.0f} to {100 * interval[1]:.0f} %)")
    )


def _ranks_table(arm: Arm, hosts: Sequence[str]) -> list[Part]:
    """One row per rank of one arm; of many the slowest."""
    spread = arm.spread
    if spread is None:
        return []
    slowest_first = sorted(range(spread.size), key=lambda rank: -spread.medians[rank])
    chosen = sorted(slowest_first[:_MOST_RANKS])
    columns = (
        Column("rank"),
        Column("host"),
        Column("median", numeric=True),
        Column("in collectives", numeric=True),
    )
    rows = tuple(_rank_row(rank, arm, spread, hosts) for rank in chosen)
    which = "" if len(chosen) == spread.size else f": the {len(chosen)} slowest of {spread.size}"
    per_host = max(Counter(hosts).values())
    shared = f", up to {per_host} ranks on one host" if per_host > 1 else ""
    caption = f"Each rank by itself, {abridge(arm.name, NAME_LIMIT)}{which}{shared}"
    return [_without_empty(Table(caption, columns, rows))]


def _rank_row(rank: int, arm: Arm, spread: RankSpread, hosts: Sequence[str]) -> tuple[Span, ...]:
    shares = spread.communication_by_rank
    share = f"{100 * shares[rank]:.0f} %" if rank < len(shares) else None
    return (
        Span(str(rank), "bad" if rank == spread.straggler else "strong"),
        Span(shorten(hosts[rank], 40)),
        Span(seconds(spread.medians[rank], half_width(arm.interval))),
        Span(share) if share else _ABSENT,
    )


def _reasons(arms: Sequence[Arm]) -> list[Part]:
    """Why a column is empty, once for all arms."""
    why = [
        (f"No {what}: {reason}.")
        for arm in arms
        if arm.spread is not None
        for what, reason in (
            ("scaling efficiency", arm.spread.why_no_efficiency),
            ("share of collectives", arm.spread.why_no_communication),
        )
        if reason
    ]
    return [sentence(line, role="note") for line in dict.fromkeys(why)]
