"""Ranks as threads of one process, on hosts whose clocks and delays are simulated."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dlmagic.cluster.there.deciding import Decide, decision
from dlmagic.magics.bench.ranks.clock import RanksClock

Value = TypeVar("Value")
PATIENCE = 120.0


@dataclass
class Square:
    """Where threads meet; values travel as JSON, as they do between engines.

    Attributes:
        size: How many threads come.
        bookkeeping: Processor time of each decision on rank 0, in seconds.
    """

    size: int
    bookkeeping: list[float] = field(default_factory=list)
    _said: list[bytes] = field(init=False)
    _came: int = 0
    _decided: bytes = b""
    _met: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._said = [b""] * self.size

    def place(self, rank: int) -> Place:
        """Where one rank comes to."""
        return Place(self, rank)

    def meet(self, rank: int, value: object, decide: Decide) -> Any:
        """What rank 0 decides, on every rank, once all have come."""
        said = json.dumps(value).encode()
        with self._changed:
            turn = self._met
            self._said[rank] = said
            self._came += 1
            if self._came == self.size:
                self._changed.notify_all()
            if rank == 0:
                self._wait(lambda: self._came == self.size)
                self._decide(decide)
            else:
                self._wait(lambda: self._met > turn)
            return json.loads(self._decided)

    def _decide(self, decide: Decide) -> None:
        start = time.thread_time()
        self._decided = decision(self._said, decide)
        self.bookkeeping.append(time.thread_time() - start)
        self._came = 0
        self._met += 1
        self._changed.notify_all()

    def _wait(self, until: Callable[[], bool]) -> None:
        if not self._changed.wait_for(until, PATIENCE):
            raise TimeoutError("a simulated rank did not come")


@dataclass(frozen=True)
class Place:
    """The meeting of one rank."""

    square: Square
    rank: int

    def meet(self, value: object, decide: Decide, _patience: float | None = None) -> Any:
        """See :class:`dlmagic.cluster.there.deciding.Meeting`."""
        return self.square.meet(self.rank, value, decide)


@dataclass
class Host:
    """The clock of one rank, which moves by what work takes there.

    Attributes:
        delays: Seconds of one call after the other.
        stopping: Whether an interrupt has come.
        name: For the room's own engine, which times runners by name.
    """

    delays: Iterator[float]
    stopping: bool = False
    name: str = "simulated"
    time: float = 0.0

    def now(self) -> float:
        """Seconds of its own clock."""
        return self.time

    def run(self, calls: int) -> None:
        """Let its clock go on by so many calls."""
        self.time += sum(next(self.delays) for _ in range(calls))

    def restore(self) -> None:
        """There is no state."""

    def synchronise(self) -> None:
        """There is no device."""

    def events(self) -> Mapping[str, int]:
        """Nothing happens."""
        return {}


def on_ranks(
    hosts: list[Host], work: Callable[[int, RanksClock], Value]
) -> tuple[list[Value], Square]:
    """What some work gives on every rank, each with the shared clock of its host."""
    square = Square(len(hosts))

    def one(rank: int) -> Value:
        host = hosts[rank]
        return work(rank, RanksClock(rank, square.place(rank), host, now=host.now))

    with ThreadPoolExecutor(len(hosts)) as pool:
        return list(pool.map(one, range(len(hosts)))), square
