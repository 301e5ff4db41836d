"""Whose processes are, with real processes."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from dlmagic.devices.gpus.owners import Owners
from dlmagic.devices.gpus.trust import Surroundings
from dlmagic.devices.reading import Reason

BARE = Surroundings(first_namespace=True, wsl=False)
CONTAINER = Surroundings(first_namespace=False, wsl=False)
WAIT = "import sys; sys.stdin.read()"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", WAIT], stdin=subprocess.PIPE) as started:
        yield started
        started.stdin.close()


def test_this_kernel_and_what_it_started(child: subprocess.Popen[bytes]) -> None:
    owners = Owners(BARE)
    own, started = owners.of(os.getpid()), owners.of(child.pid)
    assert (own.whose, started.whose) == ("this kernel", "this kernel")
    assert own.user == started.user == getpass.getuser()
    assert WAIT in started.command
    assert abs(started.started - time.time()) < 60


def test_processes_of_the_same_user_and_of_others() -> None:
    own = {each.pid for each in psutil.Process().parents()}
    assert own, "a test has a parent"
    uid = os.getuid()
    for pid in own:
        other = psutil.Process(pid).uids().real != uid
        assert Owners(BARE).of(pid).whose == ("other" if other else "mine")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process of another user")
def test_what_this_kernel_started_for_another_user_is_told_with_that_user() -> None:
    with subprocess.Popen(["sleep", "60"], user=65534) as started:
        found = Owners(BARE).of(started.pid)
        started.kill()
    assert found.whose == "this kernel"
    assert found.user != getpass.getuser()


def test_a_process_that_has_ended_has_a_reason(child: subprocess.Popen[bytes]) -> None:
    child.communicate()
    gone = Owners(BARE).of(child.pid)
    assert gone.whose == "unknown"
    assert "has ended" in str(gone.user)
    assert isinstance(gone.command, Reason)


def test_a_number_that_another_process_has_by_now(child: subprocess.Popen[bytes]) -> None:
    listed_long_ago = time.time() - 100
    reused = Owners(BARE).of(child.pid, listed_long_ago)
    assert reused.whose == "unknown"
    assert "another one has its number" in str(reused.user)
    assert Owners(BARE).of(child.pid, time.time()).whose == "this kernel"


@pytest.mark.parametrize("pid", [0, -1])
def test_no_number_has_a_reason(pid: int) -> None:
    assert "no number" in str(Owners(BARE).of(pid).user)


def test_a_number_that_is_too_large_is_nobodys() -> None:
    assert Owners(BARE).of(2**31 - 1).whose == "unknown"
    assert Owners(BARE).of(2**32 - 2).whose == "unknown"


def opened(folder: Path, pid: int, *files: str) -> Path:
    (folder / str(pid) / "fd").mkdir(parents=True)
    for number, file in enumerate(files):
        (folder / str(pid) / "fd" / str(number)).symlink_to(file)
    return folder


def test_in_a_container_a_process_is_believed_if_it_has_the_device_open(tmp_path: Path) -> None:
    without = opened(tmp_path / "without", os.getpid(), "/dev/null", "pipe:[7]")
    there = opened(tmp_path / "there", os.getpid(), "/dev/null", "/dev/nvidia0")
    assert Owners(CONTAINER, there).of(os.getpid()).whose == "this kernel"
    for proc in (without, tmp_path / "forbidden"):
        doubtful = Owners(CONTAINER, proc).of(os.getpid())
        assert doubtful.whose == "unknown"
        assert "another container" in str(doubtful.user)


def test_a_process_that_opens_the_device_later_is_believed_then(tmp_path: Path) -> None:
    owners = Owners(CONTAINER, opened(tmp_path, os.getpid(), "/dev/null"))
    assert owners.of(os.getpid()).whose == "unknown"
    (tmp_path / str(os.getpid()) / "fd" / "7").symlink_to("/dev/nvidiactl")
    assert owners.of(os.getpid()).whose == "this kernel"


def test_what_does_not_change_is_looked_up_once(monkeypatch) -> None:
    owners = Owners(BARE)
    first = owners.of(os.getpid())
    monkeypatch.setattr(psutil.Process, "cmdline", lambda self: pytest.fail("asked again"))
    assert owners.of(os.getpid()) is first


def test_one_that_is_known_is_not_asked_again_until_it_has_ended(
    child: subprocess.Popen[bytes], monkeypatch
) -> None:
    owners, ask = Owners(BARE), psutil.Process.is_running
    first = owners.of(child.pid)
    monkeypatch.setattr(psutil.Process, "is_running", lambda self: pytest.fail("asked again"))
    if sys.platform.startswith("linux"):
        assert owners.of(child.pid) is first
    monkeypatch.setattr(psutil.Process, "is_running", ask)
    child.communicate()
    assert "has ended" in str(owners.of(child.pid).user)


def test_where_nothing_is_listed_psutil_is_asked(child: subprocess.Popen[bytes], tmp_path) -> None:
    owners = Owners(BARE, tmp_path)
    first = owners.of(child.pid)
    assert owners.of(child.pid) is first
    child.communicate()
    assert "has ended" in str(owners.of(child.pid).user)
