"""When a GPU may be taken, and when not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.values import Claim, Holding, Waiter, Wish
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.inspection import inspected
from dlmagic.magics.gpus.leasing import Standing, leased
from dlmagic.magics.gpus.result import GpuInfo
from tests.devices.double.boards import GIB, Board, Part, Process
from tests.magics.gpus.conftest import CONTAINER

MB = 10**6
GONE = 4_000_000
"""The number of a process that there is not."""


def look(holders=leased, **settings) -> tuple[GpuInfo, ...]:
    with GpuReader(**settings) as reader:
        return inspected(reader.read(), holders)


def verdict(machine, board: Board) -> tuple[bool, str]:
    machine(board)
    (gpu,) = look()
    return gpu.free, gpu.why


def test_a_gpu_that_nobody_uses_is_free(machine) -> None:
    assert verdict(machine, Board(used=3 * MB)) == (True, "nobody is on it")


@pytest.mark.parametrize(
    ("board", "words"),
    [
        (Board(compute_mode=2), "prohibited"),
        (Board(compute_mode=77), "compute mode is not known"),
        (Board(total=0), "0 bytes in all"),
        (Board(total=GIB, used=2 * GIB), "how much of its memory is in use is not known"),
        (Board(used=2 * GIB), "2.1 GB are in use by nobody who can be seen"),
        (Board(used=4 * MB, utilization=60), "60 % busy, and nobody"),
        (Board(unified=1), "in use is not known"),
        (Board(mig=1), "has no instance"),
        (Board(mig=1, parts=(Part("MIG-a", 1),)), "divided (MIG) into 1 instance"),
    ],
)
def test_what_keeps_a_gpu_from_being_free(machine, board: Board, words: str) -> None:
    free, why = verdict(machine, board)
    assert not free
    assert words in why


def test_who_computes_on_it_is_named(machine) -> None:
    own, mine = Process(os.getpid(), GIB), Process(os.getppid(), GIB)
    machine(
        Board(used=GIB, processes=(own,)),
        Board(used=GIB, processes=(mine,)),
        Board(used=2 * GIB, processes=(own, Process(GONE, GIB))),
        Board(used=GIB, processes=(own,), compute_mode=3),
    )
    assert [(gpu.free, gpu.why) for gpu in look()] == [
        (False, "this kernel computes on it"),
        (False, "another process of yours computes on it"),
        (False, "2 processes of this kernel and somebody compute on it"),
        (False, "this kernel computes on it, and its mode is exclusive"),
    ]


def test_who_only_draws_is_no_hindrance_unless_the_mode_is_exclusive(machine) -> None:
    drawing = (Process(os.getppid(), 300 * MB, "G"),)
    machine(
        Board(used=310 * MB, processes=drawing),
        Board(used=310 * MB, processes=drawing, compute_mode=1),
        Board(used=310 * MB, processes=(Process(os.getppid(), 300 * MB, "CG"),)),
    )
    first, exclusive, both = look()
    assert (first.free, first.why) == (True, "only used to draw, by another process of yours")
    assert not exclusive.free
    assert not both.free


@pytest.mark.parametrize(("used", "bare", "container"), [(60, True, True), (300, True, False)])
def test_memory_of_nobody_counts_sooner_where_processes_may_be_missing(
    machine, stand_in, used: int, bare: bool, container: bool
) -> None:
    machine(Board(used=used * MB))
    assert look()[0].free is bare
    stand_in(CONTAINER)
    (gpu,) = look()
    assert gpu.free is container
    assert container or "in use by nobody who can be seen from here" in gpu.why


def test_one_that_is_lost_or_refuses_is_not_free(machine) -> None:
    played = machine(Board(), Board(), Board())
    played.break_down("*", 1, code=15)
    played.break_down("nvmlDeviceGetComputeRunningProcesses_v2", 2, code=4)
    first, lost, refusing = look()
    assert (first.free, lost.free, refusing.free) == (True, False, False)
    assert "is lost" in lost.why
    assert "who uses it is not known: this user, or this container" in refusing.why


def test_one_that_shares_the_machines_memory_may_be_free(machine, stand_in) -> None:
    machine(Board(unified=1, name="NVIDIA GB10"))
    assert look()[0].free
    stand_in(CONTAINER)
    (gpu,) = look()
    assert not gpu.free
    assert "shares the machine's memory" in gpu.why


def test_one_that_sleeps_is_not_woken_and_not_free(machine, tmp_path) -> None:
    played = machine(Board())
    power = tmp_path / "bound" / "0000:01:00.0" / "power"
    power.mkdir(parents=True)
    (power / "runtime_status").write_text("suspended\n")
    (gpu,) = look(bound=tmp_path / "bound")
    assert (gpu.free, gpu.asleep, gpu.label) == (False, True, "0000:01:00.0")
    assert "it sleeps to save power" in gpu.why
    assert played.calls() == []


NOTE = {"pid": 4711, "user": "anna", "program": "train.ipynb", "since": 1.7e9}
ANNA = Holding(**NOTE, uuid="")
OWN = Holding(**NOTE, uuid="", mine=True)
HIDDEN = Holding(**dict.fromkeys(NOTE, Reason("it cannot be seen")), uuid="")
WAITING = Waiter(**NOTE)


def standing(**by_index: Standing) -> Callable:
    def holders(uuids):
        return {uuids[int(index[1:])]: each for index, each in by_index.items()}

    return holders


def test_what_somebody_else_has_picked_is_not_free(machine) -> None:
    machine(Board(), Board(), Board(), Board())
    held = {"_0": Standing(ANNA, (WAITING,) * 2), "_1": Standing(OWN), "_2": Standing(HIDDEN)}
    anna, own, hidden, free = look(standing(**held))
    words = "anna (train.ipynb, process 4711) has picked it; 2 waiting"
    assert (anna.free, anna.why) == (False, words)
    assert (own.free, own.why) == (True, "this kernel has picked it")
    assert (hidden.free, hidden.why) == (False, "somebody has picked it")
    assert free.free
    assert (anna.held_by, anna.waiting) == (ANNA, (WAITING, WAITING))


def test_leases_are_those_of_this_machine(machine, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DLMAGIC_LEASES", str(tmp_path / "leases"))
    machine(Board(), Board())
    first, second = look()
    with LeaseFolder().turn() as turn:
        leases = turn.take([Claim(first.uuid)])
    wish = Wish(1, (Claim(second.uuid),))
    with LeaseFolder().queue(wish):
        held, wanted = look()
        assert (held.why, held.held_by.mine) == ("this kernel has picked it", True)
        assert held.waiting == ()
        assert [each.wish for each in wanted.waiting] == [wish]
    leases.release()
    assert [gpu.held_by for gpu in look()] == [None, None]


PARTS = (
    Part("MIG-a", 1, used=GIB),
    Part("MIG-b", 2, slot=1, used=20 * MB),
    Part("MIG-c", 3, slot=2, used=GIB),
    Part("MIG-d", 4, slot=3, used=20 * MB),
)


def test_instances_are_judged_one_by_one(machine) -> None:
    own = Process(os.getpid(), GIB, gi=1, ci=0)
    machine(Board(used=3 * GIB, mig=1, parts=PARTS, processes=(own,)))
    (gpu,) = look(standing(_4=Standing(ANNA)))  # the GPU itself comes first
    assert not gpu.free
    assert [each.free for each in gpu.parts] == [False, True, False, False]
    computing, _, hidden, held = (each.why for each in gpu.parts)
    assert computing == "this kernel computes on it"
    assert "in use by nobody who can be seen from here" in hidden
    assert held == "anna (train.ipynb, process 4711) has picked it"
    assert [each.pid for each in gpu.parts[0].processes] == [os.getpid()]


@pytest.mark.parametrize(("part", "free"), [(False, False), (True, True)])
def test_who_has_the_whole_has_its_instances(machine, part: bool, free: bool) -> None:
    machine(Board(mig=1, parts=PARTS[1:2]))
    (gpu,) = look(standing(_0=Standing(replace(ANNA, part=part))))
    assert gpu.parts[0].free is free


def test_instances_of_a_gpu_that_is_of_no_use_are_not_free(machine) -> None:
    machine(Board(mig=1, parts=PARTS[1:2], compute_mode=2))
    assert "prohibited" in look()[0].parts[0].why


def test_a_process_that_no_instance_is_told_of_makes_none_free(machine) -> None:
    machine(Board(mig=1, parts=PARTS[1:2], processes=(Process(GONE, MB),)))
    assert "which instance" in look()[0].parts[0].why
