"""Processes of two users, and wishes of all sizes, through ``pick_gpus``."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.devices.double.boards import Board
from tests.devices.double.machine import Machine
from tests.magics.gpus.pick.notebook import Refused

NOBODY = 65534


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that all users may use."""
    folder = Path(tempfile.mkdtemp(prefix="dlmagic-test-"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs two users")
def test_two_users_of_one_machine(shared: Path, notebook, monkeypatch) -> None:
    monkeypatch.setenv("DLMAGIC_LEASES", str(shared / "leases"))
    machine = Machine(shared, [Board(), Board()], logging=False)
    root, nobody = notebook(machine), notebook(machine)
    nobody.run(f"dlmagic.gpus(); os.umask(0o077); os.setuid({NOBODY})")
    assert nobody.run("pick = pick_gpus(); answer = pick.visible_devices") == "1"
    assert root.run("pick = pick_gpus(); answer = [pick.visible_devices, pick.protected]") == [
        "0",
        True,
    ]
    with pytest.raises(Refused, match=r"GPU 0: root \(-c, process"):
        nobody.run("pick_gpus(2)")
    with pytest.raises(Refused, match=r"GPU 1: nobody \(-c, process"):
        root.run("pick_gpus(2)")
    nobody.kill()
    assert root.run("answer = pick_gpus(2).visible_devices") == "0,1"
    machine.close()


MIXED = """
import random, time
for _ in range({times}):
    with pick_gpus(random.choice((1, 1, 2, {most})), wait="5m") as pick:
        for uuid in pick.uuids:
            os.close(os.open("{folder}/" + uuid, os.O_CREAT | os.O_EXCL))
        time.sleep(random.uniform(0, 0.05))
        for uuid in pick.uuids:
            os.unlink("{folder}/" + uuid)
answer = "served"
"""


@pytest.mark.parametrize(
    ("processes", "gpus", "times"),
    [(4, 3, 4), pytest.param(30, 8, 50, marks=pytest.mark.prove)],
)
def test_wishes_of_all_sizes_are_served_in_the_end(
    machine, notebook, tmp_path: Path, processes: int, gpus: int, times: int
) -> None:
    played = machine(*[Board() for _ in range(gpus)])
    others = [notebook(played) for _ in range(processes)]
    for each in others:
        each.begin(MIXED.format(times=times, most=gpus // 2 + 1, folder=tmp_path))
    assert [each.end() for each in others] == ["served"] * processes
