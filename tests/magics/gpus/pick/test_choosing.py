"""Which GPUs are taken: those that suit, the best of them, and never one that may be another's."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from dlmagic import NothingFreeError, PickError, pick_gpus
from tests.devices.double.boards import GIB, Board, Part, Process
from tests.devices.double.machine import Machine

ANOTHERS = Process(1, 20 * GIB)
BUSY = Board(used=20 * GIB, processes=(ANOTHERS,))
Made = Callable[..., Machine]


def picked(*arguments, **keywords) -> list[int]:
    """The numbers of the GPUs that a pick gives."""
    return [each.index for each in pick_gpus(*arguments, **keywords).result().gpus]


def test_most_free_memory_comes_first(machine: Made) -> None:
    machine(Board(total=40 * GIB), Board(total=80 * GIB), Board(total=24 * GIB))
    assert picked() == [1]
    assert picked(2) == [0, 1]


def test_of_equals_the_last_is_taken_first_as_other_programs_take_the_first(eight) -> None:
    pick = pick_gpus(2)
    assert [each.index for each in pick.result().gpus] == [6, 7]
    assert "take GPU 0" in pick.result().why


def test_a_few_megabytes_more_make_no_difference(machine: Made) -> None:
    machine(Board(), Board(used=3 * 2**20))
    assert picked() == [1]


def test_one_that_draws_a_screen_is_taken_last(machine: Made) -> None:
    machine(Board(), Board(processes=(Process(1, 2**20, "G"),)))
    assert picked() == [0]


def test_one_in_use_is_never_taken(machine: Made) -> None:
    machine(BUSY, Board(total=24 * GIB), BUSY)
    assert picked() == [1]
    with pytest.raises(NothingFreeError, match=r"Only 1 of 3 GPUs is free\. GPU 0 and 2: .* on it"):
        pick_gpus(2)


@pytest.mark.parametrize(
    "hidden",
    [
        Board(used=20 * GIB),
        Board(utilization=60),
        Board(compute_mode=2),
        Board(total=0),
        Board(used=90 * GIB),
    ],
    ids=["unowned memory", "busy with nobody", "prohibited", "no total", "more than all"],
)
def test_what_is_not_known_to_be_free_is_not_taken(machine: Made, hidden: Board) -> None:
    machine(hidden, Board(total=24 * GIB))
    assert picked() == [1]


@pytest.mark.parametrize("code", [3, 4, 10, 15, 16, 999])
@pytest.mark.parametrize(
    "function",
    [
        "nvmlDeviceGetUUID",
        "nvmlDeviceGetMemoryInfo",
        "nvmlDeviceGetComputeRunningProcesses",
        "nvmlDeviceGetHandleByIndex",
    ],
)
def test_one_that_refuses_to_tell_is_not_taken(machine: Made, function: str, code: int) -> None:
    played = machine(Board(), Board(total=24 * GIB))
    for name in ("", "_v2", "_v3"):
        played.break_down(f"{function}{name}", gpu=0, code=code)
    assert picked() == [1]


def test_limits_of_the_user(machine: Made) -> None:
    machine(Board(total=16 * GIB), Board(total=80 * GIB, utilization=8), Board(total=40 * GIB))
    assert picked(min_free="30GB") == [1]
    assert picked(min_free="30GB", max_util=5) == [2]
    with pytest.raises(NothingFreeError, match="GPU 1: it is 8 % busy"):
        pick_gpus(min_free="60GB", max_util=5)
    with pytest.raises(PickError, match="as much memory as min_free: the largest has 86 GB"):
        pick_gpus(min_free="500GB", wait="10m")


def test_all_or_nothing(machine: Made) -> None:
    machine(Board(), BUSY)
    with pytest.raises(NothingFreeError):
        pick_gpus(2)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert picked() == [0]


PARTS = tuple(
    Part(f"MIG-{k}1111111-1111-1111-1111-111111111111", k + 1, slot=k, total=20 * GIB)
    for k in range(3)
)


def test_an_instance_is_named_by_its_uuid(machine: Made) -> None:
    machine(Board(mig=1, parts=PARTS))
    pick = pick_gpus()
    assert pick.visible_devices == pick.uuids[0] == PARTS[0].uuid
    assert pick.result().gpus[0].is_part
    assert "divided" in pick.result().why_uuids
    assert "CUDA_DEVICE_ORDER" not in os.environ


def test_no_more_than_one_instance(machine: Made) -> None:
    machine(Board(mig=1, parts=PARTS), Board(total=10 * GIB))
    with pytest.raises(PickError, match=r"2 whole GPUs .* there is 1 whole GPU here\. CUDA"):
        pick_gpus(2, wait="10m")


def test_an_instance_in_use_is_not_taken(machine: Made) -> None:
    used = Part(PARTS[0].uuid, 1, used=9 * GIB)
    on_it = Process(1, 9 * GIB, gi=1, ci=0)
    machine(Board(mig=1, parts=(used, PARTS[1]), processes=(on_it,), used=9 * GIB))
    assert pick_gpus().uuids == (PARTS[1].uuid,)
