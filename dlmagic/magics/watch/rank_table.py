"""The ranks that trained a model together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlmagic.display.parts import Column, Part, Span, Table, sentence, shorten
from dlmagic.display.units import count, percent, plural
from dlmagic.magics.watch.rank_result import RankState

_MOST = 16
_HEADS = (
    Column("rank"),
    Column("host"),
    Column("steps", numeric=True),
    Column("measured", numeric=True),
    Column("cost", numeric=True),
    Column("lost"),
)


def rank_parts(ranks: Sequence[RankState], count_of_all: int) -> Iterator[Part]:
    """One row for each rank, those that were lost in any case; nothing where there are none.

    Args:
        ranks: Those that are known one by one.
        count_of_all: How many there were.
    """
    if not ranks:
        return
    shown = sorted(
        sorted(ranks, key=lambda each: not each.lost)[:_MOST], key=lambda each: each.rank
    )
    yield Table("Ranks", _HEADS, tuple(map(_row, shown)))
    if count_of_all > len(shown):
        yield sentence(f"And {plural(count_of_all - len(shown), 'rank')} more.", role="note")


def _row(rank: RankState) -> tuple[Span, ...]:
    return (
        Span(str(rank.rank)),
        Span(shorten(rank.host, 40)),
        Span(count(rank.steps)),
        Span(count(rank.samples)),
        Span("–" if rank.share is None else percent(rank.share)),
        Span(rank.lost or "–", "bad" if rank.lost else "plain"),
    )
