"""The GPUs that a scheduler, a container or a setting leaves to a process."""

from __future__ import annotations

import os

import pytest

from dlmagic.devices.cuda.allocation import Allocation, read_allocation
from dlmagic.devices.cuda.asked import ask_cuda
from dlmagic.devices.reading import Reason
from tests.devices.double.boards import GIB, Board, Part
from tests.devices.double.building import Libraries

EIGHT = tuple(Board(f"GPU-{place}0000000-1111-2222-3333-444444444444") for place in range(8))
PARTS = (Part("MIG-e", 3), Part("MIG-f", 4, slot=1))
DIVIDED = (Board("GPU-a", mig=1, parts=PARTS), Board("GPU-b"))
JOB = {"SLURM_JOB_ID": "4711"}


def nobody_asked(environment):
    raise AssertionError("CUDA was asked though nothing is in doubt")


def allocated(readings, **environment: str) -> Allocation:
    return read_allocation(readings, environment, nobody_asked)


def numbers(found: Allocation) -> list[int]:
    return [device.gpu.index for device in found.devices]


def test_without_a_word_the_whole_machine_is_there(readings) -> None:
    found = allocated(readings(*EIGHT))
    assert (numbers(found), found.words, found.doubt) == (list(range(8)), "", None)


def test_position_3_of_4_5_6_7_is_gpu_7(readings) -> None:
    found = allocated(readings(*EIGHT), CUDA_VISIBLE_DEVICES="4,5,6,7")
    assert found.devices[3].words == "GPU 7"
    assert found.words == (
        "CUDA_VISIBLE_DEVICES=4,5,6,7 leaves GPU 4 and GPU 5 and GPU 6 and GPU 7 to this process"
    )


@pytest.mark.parametrize(
    ("variables", "given", "source"),
    [
        ({"CUDA_VISIBLE_DEVICES": "4,5"}, [4, 5], "CUDA_VISIBLE_DEVICES=4,5"),
        ({"GPU_DEVICE_ORDINAL": "4,5"}, [4, 5], "GPU_DEVICE_ORDINAL=4,5"),
        ({"SLURM_JOB_GPUS": "4,5"}, [4, 5], "SLURM_JOB_GPUS=4,5"),
        ({"SLURM_JOB_GPUS": "4,5", "SLURM_STEP_GPUS": "5"}, [5], "SLURM_STEP_GPUS=5"),
        ({"CUDA_VISIBLE_DEVICES": "3,4", "GPU_DEVICE_ORDINAL": "4,5"}, [4], "CUDA_VISIBLE"),
        ({"CUDA_VISIBLE_DEVICES": "0,1,2,3,4,5,6,7", "SLURM_JOB_GPUS": "2"}, [2], "CUDA_VISIBLE"),
    ],
)
def test_a_job_of_slurm_is_not_left(readings, variables, given, source: str) -> None:
    found = allocated(readings(*EIGHT), **JOB, **variables)
    assert numbers(found) == given
    assert found.words.startswith("Slurm job 4711 was given GPU ")
    assert source in found.words


def test_a_job_that_sees_only_its_own_gpus_has_all_that_it_sees(readings) -> None:
    alone = readings(*EIGHT[4:6])
    found = allocated(alone, **JOB, CUDA_VISIBLE_DEVICES="0,1", SLURM_JOB_GPUS="4,5")
    assert numbers(found) == [0, 1]


def test_gpus_that_the_job_may_not_use_are_not_counted(readings) -> None:
    hidden = readings(Board(hidden=1), *EIGHT[1:3])
    assert numbers(allocated(hidden, **JOB, SLURM_JOB_GPUS="0,1")) == [1, 2]
    # CUDA counts from the first that may be used.
    assert numbers(allocated(hidden, **JOB, CUDA_VISIBLE_DEVICES="0")) == [1]


def test_the_numbers_that_slurm_gives_to_instances_are_its_own(readings) -> None:
    found = allocated(readings(*DIVIDED), **JOB, CUDA_VISIBLE_DEVICES="MIG-f", SLURM_JOB_GPUS="1")
    assert [device.words for device in found.devices] == ["instance 4/0 of GPU 0"]


def test_a_setting_against_slurm_leaves_nothing_and_says_so(readings) -> None:
    found = allocated(readings(*EIGHT), **JOB, CUDA_VISIBLE_DEVICES="0", GPU_DEVICE_ORDINAL="4")
    assert found.devices == ()
    assert str(found.nothing) == (
        "CUDA_VISIBLE_DEVICES=0 leaves none of the GPUs that Slurm job 4711 was given "
        "(GPU_DEVICE_ORDINAL=4)"
    )


def test_a_job_without_a_word_about_gpus_has_what_it_sees(readings) -> None:
    found = allocated(readings(*EIGHT[:2]), **JOB)
    assert (numbers(found), found.words) == ([0, 1], "")


def test_slurm_variables_outside_of_a_job_mean_nothing(readings) -> None:
    assert len(allocated(readings(*EIGHT), SLURM_JOB_GPUS="4").devices) == 8


def test_a_list_that_hides_all_says_why(readings) -> None:
    found = allocated(readings(*EIGHT), CUDA_VISIBLE_DEVICES="")
    assert str(found.nothing) == "CUDA_VISIBLE_DEVICES is empty, which hides all GPUs"


@pytest.mark.parametrize(
    ("setting", "given"),
    [
        ("all", list(range(8))),
        ("void", list(range(8))),
        ("GPU-3,GPU-50000000", [3, 5]),
        ("6,7", [6, 7]),
    ],
)
def test_a_privileged_container_keeps_to_what_it_was_given(readings, setting, given) -> None:
    found = allocated(readings(*EIGHT), NVIDIA_VISIBLE_DEVICES=setting)
    assert numbers(found) == given
    assert ("the container was given" in found.words) == (len(given) < 8)


def test_a_container_that_sees_only_its_own_gpus_has_all_that_it_sees(readings) -> None:
    found = allocated(readings(*EIGHT[6:]), NVIDIA_VISIBLE_DEVICES="6,7")
    assert numbers(found) == [0, 1]


def test_every_instance_of_a_divided_gpu_may_be_picked(readings) -> None:
    there = readings(*DIVIDED)
    whole = [device.words for device in allocated(there).devices]
    assert whole == ["instance 3/0 of GPU 0", "instance 4/0 of GPU 0", "GPU 1"]
    listed = allocated(there, CUDA_VISIBLE_DEVICES="MIG-f,MIG-e")
    assert [device.words for device in listed.devices] == [whole[1], whole[0]]


def test_cuda_is_asked_where_its_numbers_are_in_doubt(
    readings, libraries: Libraries, tmp_path
) -> None:
    slow_and_fast = (Board("GPU-a" + "0" * 31, name="Tesla K80", total=12 * GIB, speed=1),)
    there = readings(*slow_and_fast, Board("GPU-b" + "0" * 31, speed=2))
    environment = {
        **os.environ,
        "FAKE_NVML": str(tmp_path / "machine.state"),
        "LD_LIBRARY_PATH": str(libraries.of("580")),
        "CUDA_VISIBLE_DEVICES": "0",
    }
    found = read_allocation(there, environment)
    assert (numbers(found), found.doubt) == ([1], None)
    unsure = read_allocation(there, environment, lambda _: Reason("no answer"))
    assert "the fastest GPU first" in str(unsure.doubt)


def test_cuda_that_does_not_start_in_a_child_says_so(libraries: Libraries, machine) -> None:
    played = machine(Board())
    played.break_down("cuInit", code=802)
    found = ask_cuda(played.environment(libraries.of("580")))
    assert (str(found), found.code) == (
        "CUDA does not start in another process (CUDA error 802)",
        802,
    )
    played.mend()
    played.break_down("cuInit", hang=5.0)
    slow = ask_cuda(played.environment(libraries.of("580")), seconds=1.0)
    assert str(slow) == "CUDA has not started within 1 s in another process"
    assert "could not be asked" in str(ask_cuda({"PATH": ""}))
