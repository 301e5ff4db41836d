"""Many processes at once: no GPU is ever held by two, and nobody waits for ever.

The long forms are those that the project promises; the short ones can fail as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.devices.leases.company import Player, double_claims

Start = Callable[..., list[Player]]
NOBODY, ANOTHER = 65534, 65533
EIGHT = [f"GPU-{number}" for number in range(8)]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")


def raced(players: list[Player], do: str, **order: Any) -> list[Any]:
    """What all have done, begun at once."""
    for number, player in enumerate(players):
        player.begin(do, seed=number, **order)
    return [each for player in players for each in player.answer()]


def test_eight_processes_never_hold_the_same(players: Start) -> None:
    held = raced(players(8), "race", uuids=EIGHT[:3], rounds=30, pause=0.003)
    assert double_claims(held) == 0
    assert len(held) > 100


@pytest.mark.prove
def test_fifty_processes_never_hold_the_same_in_a_thousand_rounds(players: Start) -> None:
    held = raced(players(50), "race", uuids=EIGHT, rounds=1000, pause=0.02)
    assert double_claims(held) == 0
    assert len(held) > 10_000


def test_the_same_race_of_those_who_look_first_and_take_then_has_double_claims(
    path: Path, players: Start
) -> None:
    path.mkdir()
    do = "race_of_those_who_look_first"
    assert double_claims(raced(players(8), do, uuids=EIGHT[:3], rounds=30, pause=0.003)) > 0


@needs_root
def test_two_users_who_make_files_for_themselves_only(players: Start) -> None:
    two_users(players(3, user=NOBODY) + players(3, user=ANOTHER), rounds=20)


@needs_root
@pytest.mark.prove
def test_two_users_a_thousand_rounds(players: Start) -> None:
    two_users(players(10, user=NOBODY) + players(10, user=ANOTHER), rounds=1000)


def two_users(players: list[Player], rounds: int) -> None:
    held = raced(players, "race", uuids=EIGHT[:3], rounds=rounds, pause=0.003)
    assert double_claims(held) == 0
    assert len(held) > rounds
    assert [each.does("protection") for each in players] == ["None"] * len(players)


def test_who_is_killed_at_any_moment_leaves_nothing(player: Player) -> None:
    killed(player, 60)


@pytest.mark.prove
def test_ten_thousand_kills_leave_nothing(player: Player) -> None:
    killed(player, 10_000)


def killed(player: Player, kills: int) -> None:
    found = player.does("kill_holders", uuids=EIGHT[:2], kills=kills, seed=1)
    assert found["stale"] == 0
    assert found["slowest"] < 1.0
    assert player.does("holding", uuids=EIGHT) == {}


def test_mixed_wishes_are_all_served_in_order(players: Start) -> None:
    mixed(players(6), uuids=4, rounds=4)


@pytest.mark.prove
def test_ten_thousand_mixed_wishes(players: Start) -> None:
    mixed(players(8), uuids=8, rounds=1250)


HOLD = 0.01
REACTION = 1.5  # seconds until who waits notices, on a busy machine


def mixed(players: list[Player], uuids: int, rounds: int) -> None:
    order = {"uuids": EIGHT[:uuids], "counts": [1, 2, 4], "rounds": rounds, "hold": HOLD}
    served = raced(players, "queue_again_and_again", **order)
    assert len(served) == len(players) * rounds
    held = [(uuid, *each["times"][1:]) for each in served for uuid in each["uuids"]]
    assert double_claims(held) == 0
    for each in served:
        asked, begun, _ = each["times"]
        assert begun - asked <= (each["ahead"] + 1) * (HOLD + REACTION)
