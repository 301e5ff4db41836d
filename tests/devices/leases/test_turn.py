"""One chooses at a time; who has to wait for that does so for no longer than he says."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.leases import Leases
from dlmagic.devices.leases.values import Claim
from dlmagic.devices.reading import Reason
from tests.devices.leases.company import Player

A = Claim("GPU-a")


def test_a_turn_that_another_has_is_waited_for_no_longer_than_told(folder, player) -> None:
    assert player.does("stay_in_turn") == "None"
    begun = time.monotonic()
    with folder.turn(0.3) as turn:
        assert isinstance(turn, Reason)
        assert f"process {player.pid}" in str(turn)
        assert "0.3 s" in str(turn)
    assert 0.3 <= time.monotonic() - begun < 5  # and not as long as the other stays, which is ever


def test_a_turn_is_had_when_another_gives_it_back_or_is_killed(folder, players) -> None:
    for finish in (Player.nudge, Player.kill):
        (player,) = players(1)
        player.does("stay_in_turn")
        threading.Timer(0.1, finish, [player]).start()
        with folder.turn(10) as turn:
            assert isinstance(turn.take([A]), Leases)
        folder.mine()[0].release()


def test_threads_of_a_process_have_their_turns_one_after_another(folder: LeaseFolder) -> None:
    inside, most = [], []

    def choose() -> None:
        with folder.turn(30):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.005)
            inside.pop()

    threads = [threading.Thread(target=choose) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert most == [1] * 8


@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_while_waiting_for_a_turn_comes_through(folder, player) -> None:
    player.does("stay_in_turn")
    threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), folder.turn(60):
        pytest.fail("it was not interrupted")
    assert time.monotonic() - begun < 5  # of 60


def test_an_error_in_a_turn_gives_it_back(folder: LeaseFolder, player: Player) -> None:
    with pytest.raises(ZeroDivisionError), folder.turn():
        raise ZeroDivisionError
    assert player.does("take", uuids=[A.uuid]) == "taken"


def test_an_interrupt_while_taking_leaves_nothing_taken(folder, player, monkeypatch) -> None:
    def interrupted(label: object) -> bytes:
        raise KeyboardInterrupt  # when the first is locked, and its label is to be written

    monkeypatch.setattr("dlmagic.devices.leases.turn.written", interrupted)
    with pytest.raises(KeyboardInterrupt), folder.turn() as turn:
        turn.take([A, Claim("GPU-b")])
    assert folder.mine() == ()
    assert player.does("take", uuids=[A.uuid, "GPU-b"]) == "taken"
