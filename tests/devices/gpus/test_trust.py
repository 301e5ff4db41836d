"""When the list of processes can be believed, and how much memory it leaves unexplained."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.gpus.trust import Surroundings, doubts, read_surroundings, unexplained_memory
from dlmagic.devices.reading import Reason
from tests.devices.double.boards import GIB, Board, Process

BARE = Surroundings(first_namespace=True, wsl=False)


def proc(folder: Path, namespace: int | None = 4026531836, version: str = "Linux 6.1") -> Path:
    """Linux's own folder, of a machine with this namespace."""
    (folder / "self" / "ns").mkdir(parents=True)
    if namespace is not None:
        (folder / "self" / "ns" / "pid").symlink_to(f"pid:[{namespace}]")
    (folder / "version").write_text(version)
    return folder


@pytest.mark.parametrize(
    ("about", "found"),
    [
        ({}, BARE),
        ({"namespace": 4026532777}, Surroundings(False, False)),
        ({"namespace": None}, Surroundings(None, False)),
        ({"version": "Linux 5.15-microsoft-standard-WSL2"}, Surroundings(True, True)),
    ],
)
def test_surroundings_are_read(tmp_path: Path, about, found: Surroundings) -> None:
    assert read_surroundings(proc(tmp_path, **about)) == found


def test_without_linux_they_are_not_known(tmp_path: Path) -> None:
    assert read_surroundings(tmp_path / "absent") == Surroundings(None, False)


def read(machine, board: Board, **fault):
    played = machine(board)
    if fault:
        played.break_down(**fault)
    with GpuReader() as reader:
        return reader.read().gpus[0]


@pytest.mark.parametrize(
    ("board", "surroundings", "words"),
    [
        (Board(), BARE, []),
        (Board(), Surroundings(False, False), ["container"]),
        (Board(), Surroundings(None, False), ["not known"]),
        (Board(), Surroundings(True, True), ["WSL"]),
        (Board(mig=1), BARE, ["MIG"]),
        (Board(mig=1), Surroundings(False, False), ["container", "MIG"]),
    ],
)
def test_doubts_are_told(machine, board: Board, surroundings: Surroundings, words) -> None:
    found = doubts(read(machine, board), surroundings)
    assert len(found) == len(words)
    assert all(word in str(doubt) for doubt, word in zip(found, words, strict=True))


def test_lists_that_are_refused_are_doubts(machine) -> None:
    gpu = read(machine, Board(), function="nvmlDeviceGetGraphicsRunningProcesses_v2", code=4)
    assert [doubt.code for doubt in doubts(gpu, BARE)] == [4]
    assert gpu.processes == ()


def test_memory_that_no_listed_process_holds(machine) -> None:
    board = Board(used=12 * GIB, processes=(Process(7, 4 * GIB, "CG"), Process(8, 2 * GIB)))
    assert unexplained_memory(read(machine, board)) == 6 * GIB


@pytest.mark.parametrize(
    ("board", "found"),
    [
        (Board(used=GIB), GIB),
        (Board(used=GIB, processes=(Process(7, 2 * GIB),)), 0),
    ],
)
def test_memory_of_nobody_and_of_more_than_is_used(machine, board: Board, found: int) -> None:
    assert unexplained_memory(read(machine, board)) == found


def test_memory_that_is_not_told_explains_nothing(machine) -> None:
    gpu = read(machine, Board(used=GIB, processes=(Process(7, 2**64 - 1),)))
    assert isinstance(unexplained_memory(gpu), Reason)


def test_without_a_list_nothing_is_explained(machine) -> None:
    lists = "nvmlDeviceGetComputeRunningProcesses_v2"
    assert unexplained_memory(read(machine, Board(used=GIB), function=lists, code=4)) == GIB
