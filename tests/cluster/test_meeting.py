"""Ranks that meet over real sockets, each on a thread of its own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import zmq

from dlmagic.cluster.there.deciding import first
from dlmagic.cluster.there.here import Here
from dlmagic.cluster.there.meeting import enter, open_door
from dlmagic.errors import RankError

SIZE = 4


def place(rank: int) -> Here:
    return Here(rank, SIZE, {})


def on_all(work: Any, patience: float = 10.0, absent: tuple[int, ...] = ()) -> list[Any]:
    """What work returns, or raises, for each rank."""
    door = open_door(place(0), alone=True)

    def one(rank: int) -> Any:
        if rank in absent:
            return None
        with enter(place(rank), door, patience) as meeting:
            try:
                return work(rank, meeting)
            except RankError as error:
                return error

    with ThreadPoolExecutor(SIZE) as pool:
        return list(pool.map(one, range(SIZE)))


def test_what_rank_0_decides_from_the_values_of_all_is_what_every_rank_gets() -> None:
    def work(rank: int, meeting: Any) -> list[Any]:
        own = [rank, {"a": None}]
        return [meeting.meet(own, first), meeting.meet(rank, max), meeting.meet(rank, list)]

    assert on_all(work) == [[[0, {"a": None}], 3, [0, 1, 2, 3]]] * SIZE


def test_nobody_goes_on_before_all_have_come() -> None:
    def work(rank: int, meeting: Any) -> tuple[float, float]:
        meeting.meet(None, first)
        time.sleep(0.05 * rank)
        came = time.monotonic()
        meeting.meet(None, first)
        return came, time.monotonic()

    times = on_all(work)
    assert min(left for _, left in times) >= max(came for came, _ in times)


def test_a_rank_that_does_not_come_is_named_by_rank_0() -> None:
    started = time.monotonic()
    errors = on_all(lambda rank, meeting: meeting.meet(rank, max), patience=0.2, absent=(2,))
    assert isinstance(errors[0], RankError)
    assert (errors[0].rank, str(errors[0])) == (
        2,
        "Rank 2 has not come to where the others wait, for 0.2 s.",
    )
    assert time.monotonic() - started < 8


def test_a_stranger_is_not_heard() -> None:
    door = open_door(place(0), alone=True)
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.setsockopt(zmq.IDENTITY, b"guessed:1")
    socket.connect(f"tcp://127.0.0.1:{door['port']}")
    socket.send(b"1")
    with enter(place(0), door, 0.3) as meeting, pytest.raises(RankError, match="Rank 1 and 2 more"):
        meeting.meet(0, max)
    socket.close(linger=0)
