"""Where a folder lies, as Linux lists it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.home import USUAL, Home, opened
from dlmagic.devices.leases.mount import Mount, mount_of

REAL = Path("/proc")


def proc_with(folder: Path, line: str) -> Path:
    """A ``/proc`` of which the list of mounts names the next opened file's number."""
    (folder / "self" / "fdinfo").mkdir(parents=True)
    for number in range(200):
        (folder / "self" / "fdinfo" / str(number)).write_text("pos:\t0\nmnt_id:\t77\n")
    (folder / "self" / "mountinfo").write_text(f"7 1 0:1 / /x rw - ext4 x rw\n77 1 {line}\n")
    return folder


def test_the_folder_of_this_test_lies_somewhere(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    found = mount_of(descriptor)
    os.close(descriptor)
    assert isinstance(found, Mount)
    assert found.refused is None
    assert found.device.count(":") == 1


NETWORK = ["nfs", "nfs4", "cifs", "lustre", "fuse.sshfs", "9p"]


@pytest.mark.parametrize("kind", NETWORK)
def test_a_file_system_of_a_network_is_refused(tmp_path: Path, kind: str) -> None:
    proc = proc_with(tmp_path / "proc", f"0:50 / /tmp rw shared:1 - {kind} server:/home rw")
    folder = LeaseFolder(tmp_path / "leases", proc=proc)
    assert kind in str(folder.protection)
    assert "DLMAGIC_LEASES" in str(folder.protection)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs"])
def test_a_file_system_of_this_machine_protects(tmp_path: Path, kind: str) -> None:
    proc = proc_with(tmp_path / "proc", f"0:50 / /tmp rw - {kind} none rw")
    assert LeaseFolder(tmp_path / "leases", proc=proc).protection is None


@pytest.mark.parametrize("line", ["", "nonsense", "0:50 / /tmp", "a:b:c / /tmp rw - ext4 x rw"])
def test_a_list_that_cannot_be_understood_is_no_reason_to_refuse(tmp_path: Path, line: str) -> None:
    with opened(tmp_path, proc_with(tmp_path / "proc", line)) as home:
        assert isinstance(home, Home)
        assert home.mount is None


def surroundings(folder: Path, line: str, namespace: int) -> Path:
    proc = proc_with(folder, line)
    (proc / "self" / "ns").mkdir()
    (proc / "self" / "ns" / "pid").symlink_to(f"pid:[{namespace}]")
    return proc


BARE, CONTAINER = 4026531836, 4026532345
REACH = {
    "a bare machine": (BARE, "8:1 / / rw - ext4 /dev/sda1 rw", None),
    "a service with its own": (BARE, "8:1 /tmp/systemd-private-a/tmp /tmp rw - ext4 x rw", "own"),
    "a container": (CONTAINER, "0:50 / / rw - overlay overlay rw", "container"),
    "a container with its own tmp": (CONTAINER, "0:51 / /tmp rw - tmpfs tmpfs rw", "container"),
    "a container that shares": (CONTAINER, "8:1 /tmp /tmp rw - ext4 /dev/sda1 rw", None),
}


@pytest.mark.parametrize(("namespace", "line", "word"), REACH.values(), ids=REACH)
def test_whom_leases_do_not_reach_is_told(tmp_path: Path, monkeypatch, namespace, line, word):
    usual = tmp_path / USUAL.name
    monkeypatch.setattr("dlmagic.devices.leases.folder.USUAL", usual)
    proc = surroundings(tmp_path / "proc", line, namespace)
    found = LeaseFolder(usual, proc=proc).protection
    assert found is None if word is None else word in str(found)
    named = LeaseFolder(tmp_path / "named", proc=proc).protection
    assert named is None, "an administrator has named a folder that all share"
