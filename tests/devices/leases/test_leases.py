"""How long leases last: as long as the process, or a fork of it, or until they are given back."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.leases import Leases
from dlmagic.devices.leases.look import file_of
from dlmagic.devices.leases.values import Claim, Holding
from tests.devices.leases.company import Player

A, B, C = (Claim(f"GPU-{letter}") for letter in "abc")
WHOLE = Claim("GPU-w")
PART, OTHER = Claim("MIG-p", "GPU-w"), Claim("MIG-q", "GPU-w")


def take(folder: LeaseFolder, *claims: Claim):
    with folder.turn() as turn:
        return turn.take(claims)


def is_free(folder: LeaseFolder, claim: Claim) -> bool:
    return not folder.holding([claim.uuid])


def test_what_is_taken_is_held_until_it_is_given_back(folder: LeaseFolder, player: Player) -> None:
    leases = take(folder, A, B)
    assert leases.uuids == (A.uuid, B.uuid)
    assert leases.protection is None
    assert player.does("holding", uuids=[A.uuid, B.uuid, C.uuid]).keys() == {A.uuid, B.uuid}
    leases.release()
    leases.release()
    assert leases.released
    assert player.does("holding", uuids=[A.uuid, B.uuid]) == {}
    assert player.does("take", uuids=[A.uuid, B.uuid]) == "taken"


def test_all_or_nothing(folder: LeaseFolder, player: Player) -> None:
    player.does("take", uuids=[B.uuid])
    obstacle = take(folder, A, B, C)
    assert isinstance(obstacle, Holding)
    assert (obstacle.uuid, obstacle.pid, obstacle.mine) == (B.uuid, player.pid, False)
    assert is_free(folder, A)
    assert is_free(folder, C)
    assert folder.mine() == ()


def test_the_same_process_asks_again(folder: LeaseFolder) -> None:
    leases = take(folder, A)
    again = take(LeaseFolder(folder.path), B, A)
    assert again.mine
    assert (again.uuid, again.pid, again.program) == (A.uuid, os.getpid(), "the test")
    assert is_free(folder, B)
    assert folder.mine() == (leases,)


def test_a_gpu_named_twice_is_taken_once(folder: LeaseFolder) -> None:
    assert take(folder, A, A).uuids == (A.uuid,)


def test_leases_that_nobody_remembers_last(folder: LeaseFolder, player: Player) -> None:
    take(folder, A)
    gc.collect()
    assert player.does("holding", uuids=[A.uuid]).keys() == {A.uuid}
    (found,) = folder.mine()
    found.release()
    assert player.does("holding", uuids=[A.uuid]) == {}


def test_who_is_killed_holds_nothing(folder: LeaseFolder, player: Player) -> None:
    player.does("take", uuids=[A.uuid])
    player.kill()
    assert is_free(folder, A)
    assert isinstance(take(folder, A), Leases)


def test_a_fork_keeps_the_leases_of_a_process_that_was_killed(folder: LeaseFolder, player) -> None:
    player.does("take", uuids=[A.uuid])
    fork = player.does("fork_that_keeps", seconds=60)
    player.kill()
    holding = take(folder, A)
    assert isinstance(holding, Holding)
    assert "fork" in str(holding.pid)
    assert holding.user == folder.holding([A.uuid])[A.uuid].user
    os.kill(fork, 9)
    wait_until(lambda: is_free(folder, A))


def test_what_is_released_is_free_though_a_fork_is_there(folder: LeaseFolder, player) -> None:
    player.does("take", uuids=[A.uuid])
    fork = player.does("fork_that_keeps", seconds=60)
    player.does("release")
    assert isinstance(take(folder, A), Leases)
    os.kill(fork, 9)


def test_a_fork_that_releases_lets_go_of_its_own_share(folder: LeaseFolder, player) -> None:
    player.does("take", uuids=[A.uuid])
    assert player.does("fork_that_releases")
    assert not is_free(folder, A)


def test_a_program_that_was_started_keeps_nothing(folder: LeaseFolder, player: Player) -> None:
    leases = take(folder, A)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as started:
        leases.release()
        assert player.does("take", uuids=[A.uuid]) == "taken"
        started.communicate(b"\n")


def test_parts_of_a_gpu_are_held_apart_and_keep_others_from_the_whole(folder, player) -> None:
    leases = take(folder, PART)
    assert player.does("take", uuids=[OTHER.uuid], parent=WHOLE.uuid) == "taken"
    with folder.turn() as turn:
        assert turn.free([WHOLE, PART, OTHER]) == ()
        assert turn.take([WHOLE]).part
    player.does("release")
    assert not is_free(folder, WHOLE)
    leases.release()
    assert is_free(folder, WHOLE)


def test_a_whole_gpu_keeps_others_from_its_parts(folder: LeaseFolder, player: Player) -> None:
    player.does("take", uuids=[WHOLE.uuid])
    with folder.turn() as turn:
        obstacles = turn.obstacles([PART, A])
        assert obstacles.keys() == {PART.uuid}
        assert obstacles[PART.uuid].pid == player.pid
        assert turn.take([PART]).uuid == WHOLE.uuid
    assert is_free(folder, PART)


def test_files_that_are_removed_protect_no_longer_and_say_so(folder: LeaseFolder) -> None:
    leases = take(folder, A)
    (folder.path / file_of(A.uuid)).unlink()
    assert "removed" in str(leases.protection)
    leases.release()
    assert take(folder, A).protection is None


def test_old_files_are_not_removed_while_somebody_has_a_lease(folder: LeaseFolder) -> None:
    """Those who clean folders pass by one on which somebody has a lock: so does systemd."""
    fcntl = pytest.importorskip("fcntl")
    leases = take(folder, A)
    descriptor = os.open(folder.path, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    leases.release()
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


def test_no_file_stays_open(folder: LeaseFolder) -> None:
    take(folder, A).release()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        take(folder, A, PART).release()
        assert folder.protection is None
        folder.holding([A.uuid])
        folder.waiting()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_names_of_files_are_safe_and_no_two_the_same() -> None:
    names = [
        "GPU-a",
        "MIG-GPU-a/1/0",
        "MIG-GPU-a_1_0",
        "../../etc/passwd",
        "a" * 300,
        "",
        "é\ud800",
    ]
    files = [file_of(name) for name in names]
    assert len(set(files)) == len(names)
    for file in files:
        assert Path(file).name == file
        assert len(file) < 120


def wait_until(condition, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
