"""The clock that all ranks share, by which each of them decides the same as the others.

What a block took is what the slowest rank took, and what happened in it is what happened on any
rank: every rank hears that, and so warms up, calibrates, orders and stops as the others do.
Durations alone are compared, each taken by the clock of its own host.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from dlmagic.cluster.there.deciding import Meeting, first
from dlmagic.errors import RankError
from dlmagic.magics.bench.clock import Clock, Timed, Value

_TO_FAIL_TOGETHER = 30.0
"""Seconds that a rank on which something failed waits for the others to fail as well."""


class Interrupts(Protocol):
    """Knows whether somebody wants to stop; see :mod:`dlmagic.cluster.there.attention`."""

    @property
    def stopping(self) -> bool:
        """Whether an interrupt has come."""


class RanksClock(Clock):
    """The clock of one rank among others.

    Its time is that of the first rank when they last met: it stands still between.

    Args:
        rank: Of this process.
        meeting: Where it meets the others.
        interrupts: Looked at where all can stop together.
        barrier: Lets ranks go on more nearly at once than a meeting does, or None.
        now: The clock of this host.
    """

    alone = False

    def __init__(
        self,
        rank: int,
        meeting: Meeting,
        interrupts: Interrupts,
        barrier: Callable[[], object] | None = None,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._rank = rank
        self._meeting = meeting
        self._interrupts = interrupts
        self._barrier = barrier
        self._own_now = now
        self._began = now()
        self._agreed = 0.0

    @property
    def is_first(self) -> bool:
        """Whether this is the rank that decides."""
        return self._rank == 0

    def now(self) -> float:
        """Seconds since the first rank began, when all last met."""
        return self._agreed

    def timed(
        self, run: Callable[[int], object], calls: int, events: Callable[[], Mapping[str, int]]
    ) -> Timed:
        """Line up, run, and hear how long the slowest took.

        Raises:
            KeyboardInterrupt: Somebody wants to stop; all ranks raise it at this point.
        """
        calls = self._meeting.meet(calls, agreed_calls)
        self._go_on_together()
        start = self._own_now()
        run(calls)
        seconds = self._own_now() - start
        said = said_of(seconds, dict(events()), self._interrupts.stopping)
        told: list[tuple[int, ...]] = []

        def decide(values: list[Any]) -> list[Any]:
            by_rank, *rest = together(values)
            told.append(by_rank)
            return [max(by_rank), *rest, self._since()]

        slowest, counts, stop, self._agreed = self._meeting.meet(said, decide)
        if stop:
            raise KeyboardInterrupt
        return Timed(calls, slowest / 1e9, counts, told[0] if told else None)

    def line_up(self) -> None:
        """Go on at nearly the same moment as all others."""
        self._meeting.meet(None, first)
        self._go_on_together()

    def _go_on_together(self) -> None:
        if self._barrier is not None:
            self._barrier()

    def decided(self, value: Value) -> Value:
        """What the first rank has decided, of the same form as what this one has."""
        said = [value if self.is_first else None, self._since()]
        heard, self._agreed = self._meeting.meet(said, first)
        decision: Value = heard
        return decision

    def everywhere(self, holds: bool, why_not: str = "") -> bool:
        """Whether something holds on every rank."""
        try:
            patience = None if holds else _TO_FAIL_TOGETHER
            said = [holds, self._since()]
            everywhere, self._agreed = self._meeting.meet(said, on_all, patience)
        except RankError:
            if holds or not why_not:
                raise
            raise RuntimeError(f"{why_not} (on this rank, while others wait for it)") from None
        return bool(everywhere)

    def all_of(self, value: object) -> list[Any]:
        """What every rank has, in the order of ranks."""
        values: list[Any] = self._meeting.meet(value, list)
        return values

    def _since(self) -> float:
        return self._own_now() - self._began


def agreed_calls(values: Sequence[int]) -> int:
    """The calls that the first rank makes; ranks that would make others are out of step.

    Raises:
        RankError: A rank is at another place of the program, or decided something else.
    """
    calls = values[0]
    if values.count(calls) < len(values):
        rank = next(rank for rank, own in enumerate(values) if own != calls)
        raise RankError(
            f"Rank {rank} is out of step with rank 0: the cell does something else there.",
            rank=rank,
        )
    return calls


def on_all(values: Sequence[Sequence[Any]]) -> list[Any]:
    """Whether something holds on all ranks, and the time of the first one."""
    return [all(value[0] for value in values), values[0][1]]


Said = int | list[Any]
"""What a rank says after a block: its nanoseconds; perhaps with what happened, and if to stop."""


def said_of(seconds: float, events: Mapping[str, int], stopping: bool) -> Said:
    """What a rank says; as a rule an integer alone, of which a thousand are read in no time."""
    took = round(1e9 * seconds)
    return [took, events, stopping] if events or stopping else took


def together(values: Sequence[Any]) -> tuple[tuple[int, ...], dict[str, int], bool]:
    """The bookkeeping of a round, on the first rank.

    Returns:
        Nanoseconds of each rank, what happened on any of them, and whether any wants to stop.
    """
    if set(map(type, values)) == {int}:  # of a thousand, many times as quick as to look at each
        return tuple(values), {}, False
    took = tuple(said[0] if isinstance(said, list) else said for said in values)
    events: dict[str, int] = {}
    stop = False
    for _, counts, stopping in (said for said in values if isinstance(said, list)):
        stop = stop or stopping
        for name, count in counts.items():
            events[name] = max(count, events.get(name, 0))
    return took, events, stop
