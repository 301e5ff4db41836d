"""What is written into CUDA_VISIBLE_DEVICES, and that CUDA's double then has the chosen ones."""

from __future__ import annotations

import itertools

import pytest

from dlmagic.devices.cuda.device import all_devices, bare
from dlmagic.devices.cuda.naming import Naming, name_devices
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.reading import Reason
from tests.devices.cuda.asking import Cuda
from tests.devices.cuda.test_against_the_double import MACHINES
from tests.devices.double.boards import GIB, Board, Part, Process
from tests.devices.double.building import Libraries

A, B, C = (f"GPU-{first}0000000-1111-2222-3333-444444444444" for first in "abc")
TWO = (Board(A), Board(B))
DIVIDED = (Board(A, mig=1, parts=(Part("MIG-e", 3), Part("MIG-f", 4, slot=1))), Board(B))
SLOW_AND_FAST = (Board(A, name="Tesla K80", total=12 * GIB, speed=1), Board(B, speed=2))


def named(readings, *places: int, wish=None, **variables: str) -> Naming | Reason:
    devices = all_devices(readings)
    return name_devices([devices[place] for place in places], readings, variables, wish)


@pytest.mark.parametrize("name", MACHINES)
def test_cuda_has_what_was_chosen_in_that_order(machine, libraries: Libraries, name: str) -> None:
    played = machine(*MACHINES[name])
    with GpuReader() as reader:
        readings = reader.read()
    devices = all_devices(readings)
    choices = [*((each,) for each in devices), *itertools.permutations(devices, 2)]
    with Cuda(played, libraries.of("580")) as cuda:
        for chosen, wish in itertools.product(choices, (None, "uuid", "index")):
            naming = name_devices(chosen, readings, {}, wish)
            if isinstance(naming, Naming):
                wanted = [bare(str(each.uuid)).replace("-", "") for each in chosen]
                assert cuda.devices(dict(naming.variables)) == wanted
            else:
                assert wish == "index" or any(each.part for each in chosen)


def test_numbers_are_written_where_they_are_safe(readings) -> None:
    found = named(readings(*SLOW_AND_FAST), 1, 0)
    assert found == Naming(
        "1,0",
        "index",
        None,
        (("CUDA_DEVICE_ORDER", "PCI_BUS_ID"), ("CUDA_VISIBLE_DEVICES", "1,0")),
    )


def test_uuids_are_written_when_they_are_wished(readings) -> None:
    found = named(readings(*TWO), 1, wish="uuid")
    assert found == Naming(B, "uuid", None, (("CUDA_VISIBLE_DEVICES", B),))


@pytest.mark.parametrize(
    ("boards", "variables", "words"),
    [
        (DIVIDED, {}, "GPU 0 is divided (MIG)"),
        (TWO, {"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}, "CUDA_DEVICE_ORDER is set to FASTEST_FIRST"),
        (TWO, {"CUDA_MPS_PIPE_DIRECTORY": "/tmp/mps"}, "multi-process service (MPS)"),
        ((Board(A, processes=(Process(77, kind="M"),)), Board(B)), {}, "counts GPUs by itself"),
        (TWO, {"NVIDIA_VISIBLE_DEVICES": "GPU-x,GPU-y,GPU-z"}, "names others than are here"),
        ((Board(A, bus="00000000:81:00.0"), Board(B, bus="00000000:3B:00.0")), {}, "another order"),
    ],
)
def test_uuids_are_written_in_doubt_and_numbers_refused(readings, boards, variables, words) -> None:
    there = readings(*boards)
    found = named(there, -1, **variables)
    assert (found.visible_devices, found.form) == (B, "uuid")
    assert words in str(found.why)
    refused = named(there, -1, wish="index", **variables)
    assert isinstance(refused, Reason)
    assert words in str(refused)
    assert "use UUIDs (--as uuid)" in str(refused)


def test_a_container_that_shows_all_that_it_was_given_is_no_doubt(readings) -> None:
    there = readings(*TWO)
    for given in ("all", "void", f"{A},{B}", "6,7"):
        assert named(there, 1, NVIDIA_VISIBLE_DEVICES=given).form == "index"


def test_numbers_of_gpus_that_may_not_be_used_are_left_out(readings) -> None:
    found = named(readings(Board(A, hidden=1), Board(B), Board(C)), 1)
    assert found.visible_devices == "1"


@pytest.mark.parametrize(("code", "words"), [(15, "is lost"), (3, "runs CUDA is not known")])
def test_one_gpu_in_trouble_makes_numbers_unsafe(readings, code: int, words: str) -> None:
    function = "*" if code == 15 else "nvmlDeviceGetCudaComputeCapability"
    there = readings(*TWO, faults=[{"function": function, "gpu": 0, "code": code}])
    found = named(there, 1)
    assert (found.visible_devices, found.form) == (B, "uuid")
    assert words in str(found.why)


def test_what_cannot_be_named_is_refused(readings) -> None:
    divided = readings(*DIVIDED)
    assert "no GPU was chosen" in str(named(divided))
    assert "was chosen twice" in str(named(divided, 2, 2))
    for places in ((0, 1), (2, 0)):
        assert "one instance (MIG) alone: instance 3/0 of GPU 0" in str(named(divided, *places))


def test_a_gpu_without_a_uuid_cannot_be_named_by_it(readings) -> None:
    lost = readings(*TWO, faults=[{"function": "nvmlDeviceGetUUID", "gpu": 0, "code": 999}])
    assert "UUID of a chosen GPU is not known" in str(named(lost, 0, wish="uuid"))


def test_a_device_is_the_same_when_it_is_read_again(machine) -> None:
    played = machine(*TWO)
    with GpuReader() as reader:
        before = all_devices(reader.read())[0]
        played.change(0, used=GIB)
        readings = reader.read()
    assert before.gpu != readings.gpus[0]
    assert name_devices([before], readings, {}).visible_devices == "0"
