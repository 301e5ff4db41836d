"""Who holds: the kernel's word before what is written. To look takes nothing, and is quick."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.kernel import pids_on
from dlmagic.devices.leases.label import own_label, written
from dlmagic.devices.leases.people import person
from dlmagic.devices.leases.values import Claim, Holding, Party
from dlmagic.devices.reading import Reason
from tests.devices.leases.company import Player

A = Claim("GPU-a")
EIGHT = [f"GPU-{number}" for number in range(8)]
NOBODY = 65534


def test_who_holds_what_since_when(folder: LeaseFolder, player: Player) -> None:
    player.does("take", uuids=[A.uuid])
    holding = folder.holding([A.uuid, "GPU-free"])[A.uuid]
    assert (holding.uuid, holding.pid, holding.program) == (A.uuid, player.pid, "player")
    assert abs(holding.since - time.time()) < 60
    assert holding.who == f"{holding.user} (player, process {player.pid})"
    assert not holding.mine
    assert not holding.part


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_user_is_who_the_process_belongs_to_whatever_is_written(folder, players) -> None:
    (player,) = players(1, user=NOBODY)
    player.does("take", uuids=[A.uuid])
    label = folder.path / "lease-GPU-a"
    forged = {**json.loads(label.read_text()), "user": "root", "program": "\x1b[2J"}
    label.write_text(json.dumps(forged) + "\n")
    holding = folder.holding([A.uuid])[A.uuid]
    assert (holding.user, holding.pid) == ("nobody", player.pid)
    assert holding.program == "[2J"


FORGED = ["", "{", "[]", "\x00" * 9000, '{"pid": 1, "user": "x"}', "[" * 9000]


@pytest.mark.parametrize("content", FORGED)
def test_what_cannot_be_read_leaves_what_the_kernel_tells(folder, player, content: str) -> None:
    player.does("take", uuids=[A.uuid])
    (folder.path / "lease-GPU-a").write_text(content)
    holding = folder.holding([A.uuid])[A.uuid]
    assert holding.pid == player.pid
    assert isinstance(holding.user, str)
    assert holding.program.startswith("python")
    assert isinstance(holding.since, Reason)


def test_what_was_left_by_who_held_before_is_not_believed(folder, players) -> None:
    first, second = players(2)
    first.does("take", uuids=[A.uuid])
    left = (folder.path / "lease-GPU-a").read_bytes()
    first.does("release")
    second.does("take", uuids=[A.uuid])
    (folder.path / "lease-GPU-a").write_bytes(left)
    holding = folder.holding([A.uuid])[A.uuid]
    assert holding.pid == second.pid
    assert isinstance(holding.since, Reason)


def test_a_number_that_another_process_has_by_now_is_not_believed() -> None:
    label = own_label("train.ipynb", time.time())
    assert person(os.getpid(), label)["pid"] == os.getpid()
    earlier = Party(**person(os.getpid(), replace(label, began=1)))
    assert "fork" in str(earlier.pid)
    assert earlier.who == f"{label.user} (train.ipynb)"


def test_who_tells_nothing_is_somebody() -> None:
    assert Party(**person(None, None)).who == "somebody"


CONTAINER = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


def contained() -> bool:
    """Whether a process can be put where it sees only processes that it started."""
    try:
        subprocess.run([*CONTAINER, "true"], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        return False
    return True


@pytest.mark.skipif(not contained(), reason="this user may not make namespaces of processes")
def test_containers_that_share_the_folder_see_each_others_leases(folder, players) -> None:
    """The kernel lists the locks of its own processes to each: the others are known by a mark."""
    (inner,), (outer,) = players(1, inside=CONTAINER), players(1)
    outer.does("take", uuids=["GPU-outer"])
    assert inner.does("take", uuids=["GPU-inner"]) == "taken"
    user = folder.holding(["GPU-inner"])["GPU-inner"].user
    (written, pid) = inner.does("holding", uuids=["GPU-outer"])["GPU-outer"]
    assert written == user
    assert "another container" in pid
    assert "program='player'" in inner.does("take", uuids=["GPU-outer"])
    assert isinstance(folder.holding(["GPU-inner"])["GPU-inner"].pid, int)
    outer.does("release")
    assert inner.does("take", uuids=["GPU-outer"]) == "taken"


def test_to_look_hinders_nobody(folder: LeaseFolder, player: Player) -> None:
    player.does("take_and_release", uuids=EIGHT, times=1)
    player.begin("take_and_release", uuids=EIGHT, times=200)
    seen, looks = set[int](), 0
    while looks < 500 or not player.has_answered():
        seen.add(len(folder.holding(EIGHT)))
        looks += 1
    assert player.answer() == 200
    assert seen > {0}


LISTED = """\
1: FLOCK  ADVISORY  WRITE 4711 fe:00:17 0 EOF
1: -> FLOCK  ADVISORY  WRITE 4712 fe:00:17 0 EOF
2: POSIX  ADVISORY  WRITE 4713 fe:00:18 0 EOF
3: OFDLCK ADVISORY  READ -1 fe:00:18 0 EOF
4: FLOCK  ADVISORY  READ 4714 fe:00:19 0 EOF
5: FLOCK  ADVISORY  READ 4715 fe:00:19 0 EOF
6: FLOCK  ADVISORY  WRITE 4716 fe:01:17 0 EOF
7: FLOCK  ADVISORY  WRITE 4717 <none>:0 0 EOF
8: fe:00:1 FLOCK
nonsense
"""


def test_the_kernels_list_of_locks(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text(LISTED)
    assert pids_on("fe:00", tmp_path) == {17: 4711, 19: 4715}
    assert pids_on("fe:00", tmp_path / "missing") == {}


def test_a_forged_label_of_a_free_gpu_holds_nothing(folder: LeaseFolder) -> None:
    with folder.turn():
        pass
    (folder.path / "lease-GPU-a").write_bytes(written(own_label("train.ipynb", time.time())))
    assert folder.holding([A.uuid]) == {}
    with folder.turn() as turn:
        assert turn.free([A]) == (A,)


@pytest.mark.alone
def test_eight_gpus_in_a_millisecond(folder: LeaseFolder, players) -> None:
    for uuid, each in zip(EIGHT, players(8), strict=True):
        each.does("take", uuids=[uuid])
    folder.holding(EIGHT)
    # A quarter of the times: other programs on this machine can only add to it.
    assert statistics.quantiles(times_of(300, lambda: folder.holding(EIGHT)))[0] <= 0.001


def times_of(rounds: int, work: Callable[[], Mapping[str, Holding]]) -> list[float]:
    times = []
    for _ in range(rounds):
        begun = time.thread_time()  # of this process: others may take the processor meanwhile
        assert len(work()) == len(EIGHT)
        times.append(time.thread_time() - begun)
    return times
