"""Waiting: in order, until a moment or for ever, at no cost, and to be ended at any time."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from dlmagic.devices.leases.clock import Clock
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.leases import Leases
from dlmagic.devices.leases.look import SILENCE
from dlmagic.devices.leases.values import Claim, Waiter, Wish
from tests.devices.leases.company import Player

A, B, C, D = (Claim(f"GPU-{letter}") for letter in "abcd")
UUIDS = [A.uuid, B.uuid]
ONE = Wish(1, (A,))


def take(folder: LeaseFolder, *claims: Claim) -> Leases:
    with folder.turn() as turn:
        got = turn.take(claims)
    assert isinstance(got, Leases)
    return got


def begin_waiting(player: Player, count: int, uuids: list[str], seconds: float | None) -> int:
    """Let it wait; how many are before it."""
    return player.does("wait", count=count, uuids=uuids, seconds=seconds)


@pytest.mark.alone
def test_who_waits_is_served_soon_after_a_lease_is_given_back(folder, player) -> None:
    leases = take(folder, A)
    assert begin_waiting(player, 1, [A.uuid], None) == 0
    time.sleep(0.5)
    leases.release()
    freed = time.monotonic()
    answer = player.answer()
    assert answer["served"]
    assert answer["at"] - freed <= 1.0


@pytest.mark.alone
def test_who_waits_is_served_soon_after_the_holder_is_killed(players) -> None:
    killed_holders(players, 3)


@pytest.mark.alone
@pytest.mark.prove
def test_who_waits_is_served_soon_after_each_of_two_hundred_kills(players) -> None:
    killed_holders(players, 200)


def killed_holders(players, kills: int) -> None:
    (waiter,) = players(1)
    for _ in range(kills):
        (holder,) = players(1)
        assert holder.does("take", uuids=[A.uuid]) == "taken"
        assert begin_waiting(waiter, 1, [A.uuid], None) == 0
        holder.kill()
        killed = time.monotonic()
        answer = waiter.answer()
        assert answer["served"]
        assert answer["at"] - killed <= 1.0
        waiter.does("release")


@pytest.mark.alone
def test_a_deadline_is_kept(folder: LeaseFolder, player: Player) -> None:
    take(folder, A)
    begin_waiting(player, 1, [A.uuid], 1.2)
    answer = player.answer()
    assert not answer["served"]
    assert 1.2 <= answer["seconds"] <= 1.7
    assert folder.waiting() == ()


@pytest.mark.alone
def test_waiting_costs_next_to_nothing(folder: LeaseFolder, players) -> None:
    take(folder, A)
    waiters = players(3)
    for each in waiters:
        begin_waiting(each, 1, [A.uuid], 4.0)
    assert [each.answer()["used"] <= 0.04 for each in waiters] == [True] * 3


@pytest.mark.alone
def test_an_interrupt_ends_the_wait_at_once_and_leaves_nothing(folder, player) -> None:
    take(folder, A)
    for moment in (0.01, 0.1, 0.3, 0.55):
        player.begin("wait_until_interrupted", uuids=[A.uuid])
        player.answer()
        time.sleep(moment)
        player.process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        left = player.answer()
        assert left["at"] - sent <= 0.3
        assert left["mine"] == 0
        assert folder.waiting() == ()


def test_interrupts_at_any_moment_leave_nothing(player: Player) -> None:
    """With nobody in the way, so that turns, takes and the wait are all met."""
    found = player.does("interrupted_again_and_again", uuids=UUIDS, times=40)
    assert found == {"held": 0, "turns": 40}


@pytest.mark.prove
def test_five_hundred_interrupts_at_any_moment_leave_nothing(player: Player) -> None:
    found = player.does("interrupted_again_and_again", uuids=UUIDS, times=500)
    assert found == {"held": 0, "turns": 500}


def test_who_waits_is_told_in_order(folder: LeaseFolder, players) -> None:
    leases = take(folder, A, B)
    first, second = players(2)
    assert begin_waiting(first, 2, UUIDS, None) == 0
    assert begin_waiting(second, 1, UUIDS, None) == 1
    waiting = folder.waiting()
    assert [each.pid for each in waiting] == [first.pid, second.pid]
    assert waiting[0].wish == Wish(2, (A, B))
    assert waiting[0].program == "player"
    leases.release()
    assert first.answer()["served"]
    first.does("release")
    assert second.answer()["served"]
    assert folder.waiting() == ()


def test_a_large_wish_is_not_starved_by_small_ones(folder: LeaseFolder, players) -> None:
    one, other = take(folder, A), take(folder, B)
    large, small = players(2)
    begin_waiting(large, 2, UUIDS, None)
    begin_waiting(small, 1, UUIDS, None)
    one.release()
    with folder.turn() as turn:
        kept = turn.obstacles([A, B])
    assert isinstance(kept[A.uuid], Waiter)
    assert kept[A.uuid].pid == large.pid
    time.sleep(0.6)
    assert [each.pid for each in folder.waiting()] == [large.pid, small.pid]
    other.release()
    assert large.answer()["served"]


def test_a_small_wish_is_served_meanwhile_from_what_the_large_one_does_not_want(
    folder: LeaseFolder, players
) -> None:
    leases = take(folder, A, C)
    large, small = players(2)
    begin_waiting(large, 2, UUIDS, None)
    begin_waiting(small, 1, [C.uuid, D.uuid], None)
    assert small.answer()["served"]
    leases.release()
    assert large.answer()["served"]


def test_a_killed_waiter_is_gone_at_once(folder: LeaseFolder, players) -> None:
    leases = take(folder, A)
    first, second = players(2)
    begin_waiting(first, 1, [A.uuid], None)
    begin_waiting(second, 1, [A.uuid], None)
    first.kill()
    assert [each.pid for each in folder.waiting()] == [second.pid]
    leases.release()
    assert second.answer()["served"]


def test_files_of_waiters_do_not_pile_up(folder: LeaseFolder, players) -> None:
    take(folder, A)
    for _ in range(3):
        (waiter,) = players(1)
        begin_waiting(waiter, 1, [A.uuid], None)
        waiter.kill()
    assert len(list(folder.path.glob("waiting-*"))) == 1
    assert not list(folder.path.glob(".new*"))


def test_what_does_not_suit_is_for_others(folder: LeaseFolder) -> None:
    with folder.queue(Wish(1, (A, B))) as place:
        with folder.turn() as turn:
            assert turn.free([A, B]) == (B,)
        place.decline([A.uuid])
        with folder.turn() as turn:
            assert turn.free([A, B]) == (A,)
            assert turn.free([A, B], place) == (A, B)
        place.decline([])
        with folder.turn() as turn:
            assert turn.free([A, B]) == (B,)
    with folder.turn() as turn:
        assert turn.free([A, B]) == (A, B)


def test_a_waiter_that_stands_still_keeps_nothing(folder: LeaseFolder) -> None:
    with folder.queue(ONE):
        (file,) = folder.path.glob("waiting-*")
        long_ago = time.time() - SILENCE - 1
        os.utime(file, (long_ago, long_ago))
        assert folder.waiting() == ()
        with folder.turn() as turn:
            assert turn.free([A]) == (A,)


def test_a_ticket_that_cannot_be_read_is_somebody_at_the_end(folder: LeaseFolder) -> None:
    with folder.queue(ONE):
        (file,) = folder.path.glob("waiting-*")
        file.write_text(json.dumps({"number": -(10**30)}) + "\n")
        with folder.queue(Wish(1, (B,))) as place:
            assert place.ahead() == ()
            assert [each.wish for each in folder.waiting()] == [Wish(1, (B,)), None]


def test_a_number_that_leaves_none_above_it_is_no_end_of_the_queue(folder: LeaseFolder) -> None:
    with folder.queue(ONE):
        (file,) = folder.path.glob("waiting-*")
        highest = {**json.loads(file.read_text()), "number": 2**53 - 1}
        file.write_text(json.dumps(highest) + "\n")
        with folder.queue(Wish(1, (B,))) as place:
            assert [each.wish for each in place.ahead()] == [ONE]
            assert [each.wish for each in folder.waiting()] == [ONE, Wish(1, (B,))]


class Time:
    """A clock that goes by what is slept, and what else happens then."""

    def __init__(self, *events) -> None:
        self.now, self.slept, self.events = 0.0, [], list(events)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        if self.events and self.now >= self.events[0][0]:
            self.events.pop(0)[1]()

    @property
    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now, sleep=self.sleep)


def attempts(path: Path, wish: Wish, seconds: float, *events) -> list[float]:
    """When attempts are made."""
    passing = Time(*events)
    with LeaseFolder(path, clock=passing.clock).queue(wish) as place:
        return [passing.now for _ in place.attempts(seconds)]


def test_attempts_at_what_nobody_holds_are_made_once_a_second(path: Path) -> None:
    """For it may be in use without a lease; and in the end once more."""
    assert attempts(path, ONE, 3.1) == [0.0, 1.0, 2.0, 3.0, 3.1]


def test_while_somebody_holds_it_no_attempt_is_made_but_at_the_end(path, player) -> None:
    player.does("take", uuids=[A.uuid])
    assert attempts(path, ONE, 100.0) == [0.0, 100.0]


def test_an_attempt_is_made_as_soon_as_it_is_given_back(path: Path, player: Player) -> None:
    player.does("take", uuids=[A.uuid])
    made = attempts(path, ONE, 6.0, (4.3, lambda: player.does("release")))
    assert made[:2] == [0.0, 4.5]


def test_without_time_there_is_one_attempt_and_a_last_one(path: Path) -> None:
    assert attempts(path, ONE, 0.0) == [0.0, 0.0]


def test_who_waits_shows_that_it_is_there(path: Path, player: Player) -> None:
    player.does("take", uuids=[A.uuid])
    touched: list[bool] = []

    def age() -> None:
        os.utime(path / "waiting-000", (0, 0))

    def look() -> None:
        touched.append((path / "waiting-000").stat().st_mtime > 0)

    attempts(path, ONE, 20.0, (1.0, age), (7.0, look))
    assert touched == [True]
