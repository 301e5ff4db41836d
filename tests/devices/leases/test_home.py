"""The folder comes to be there complete, for all users, and nothing raises where it cannot."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dlmagic.devices.leases import home as homes
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.home import TURN, USUAL, usual_path
from dlmagic.devices.leases.leases import Leases
from dlmagic.devices.leases.values import Claim, Wish
from dlmagic.devices.reading import Reason
from tests.devices.leases.company import Player

A, B = Claim("GPU-a"), Claim("GPU-b")


@pytest.fixture
def closed_umask():
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("closed_umask")
def test_the_folder_and_its_files_are_for_all_whatever_the_umask(folder: LeaseFolder) -> None:
    with folder.turn() as turn:
        turn.take([A])
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o1777
    names = {each.name: stat.S_IMODE(each.stat().st_mode) for each in folder.path.iterdir()}
    assert names == {TURN: 0o666, "lease-GPU-a": 0o666}


def test_to_look_makes_nothing(folder: LeaseFolder) -> None:
    assert folder.holding([A.uuid]) == {}
    assert folder.waiting() == ()
    assert not folder.path.exists()


def test_the_environment_names_another_folder(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DLMAGIC_LEASES", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert usual_path() == USUAL == LeaseFolder().path
    monkeypatch.setenv("DLMAGIC_LEASES", str(tmp_path / "ours"))
    assert LeaseFolder().path == tmp_path / "ours"


def link(path: Path) -> None:
    path.with_name("real").mkdir()
    path.symlink_to("real")


def turn_that_is_a_link(path: Path) -> None:
    path.mkdir()
    (path / TURN).symlink_to("/etc/passwd")


def turn_that_is_a_pipe(path: Path) -> None:
    path.mkdir()
    os.mkfifo(path / TURN)


def turn_that_is_a_folder(path: Path) -> None:
    (path / TURN).mkdir(parents=True)


UNUSABLE = [
    lambda path: path.write_text(""),
    lambda path: path.symlink_to(path),
    link,
    turn_that_is_a_link,
    turn_that_is_a_pipe,
    turn_that_is_a_folder,
]


@pytest.mark.parametrize("spoil", UNUSABLE)
def test_a_folder_that_cannot_be_used_says_why_and_hinders_nobody(path: Path, spoil) -> None:
    spoil(path)
    unprotected(LeaseFolder(path))


def test_a_folder_in_none_says_why(path: Path) -> None:
    unprotected(LeaseFolder(path / "deeper" / "still"))


def test_a_system_without_such_locks_says_why(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(homes, "HAS_LOCKS", False)
    assert "flock" in str(LeaseFolder(path).protection)
    unprotected(LeaseFolder(path))


def unprotected(folder: LeaseFolder) -> None:
    why = folder.protection
    assert isinstance(why, Reason)
    assert "\n" not in str(why)
    with folder.queue(Wish(1, (A,))) as place:
        assert place.ahead() == ()
        assert next(place.attempts(0)) is None
        with folder.turn() as turn:
            assert turn.protection == why
            assert turn.free([A, B], place) == (A, B)
            leases = turn.take([A])
            assert turn.take([A]).mine
            assert turn.free([A, B], place) == (B,)
    assert isinstance(leases, Leases)
    assert leases.protection == why
    assert folder.holding([A.uuid])[A.uuid].mine
    leases.release()
    assert folder.holding([A.uuid]) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_this_user_may_not_write_to_says_why(path: Path, players) -> None:
    path.mkdir(0o755)
    (stranger,) = players(1, user=65534)
    assert "permission denied" in stranger.does("protection")
    path.chmod(0o700)
    assert "permission denied" in stranger.does("protection")
    assert stranger.does("holding", uuids=["GPU-a"]) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_files_that_this_user_may_only_read_can_be_locked(path: Path, players) -> None:
    path.mkdir(0o755)
    for name in (TURN, "lease-GPU-a"):
        (path / name).touch(0o644)
    (stranger,) = players(1, user=65534)
    assert stranger.does("protection") == "None"
    assert stranger.does("take", uuids=["GPU-a"]) == "taken"
    (user, pid) = LeaseFolder(path).holding(["GPU-a"])["GPU-a"].user, stranger.pid
    assert (user, pid) == ("nobody", stranger.pid)


def test_no_file_of_others_is_ever_opened_with_the_wish_to_make_it(player: Player) -> None:
    """In sticky folders Linux may refuse that (fs.protected_regular); unless O_EXCL is with it."""
    ways = player.does("ways_to_open", uuids=["GPU-a", "GPU-b"])
    assert any(flags & os.O_CREAT for flags in ways)
    assert all(flags & os.O_EXCL for flags in ways if flags & os.O_CREAT)
    assert all(flags & os.O_CLOEXEC for flags in ways)
