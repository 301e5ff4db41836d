"""Causes that files of a test cannot make: permissions, control groups, and rare codes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmagic.devices.driver.enclosure import Enclosure
from dlmagic.devices.driver.library import CudaLibrary
from dlmagic.devices.driver.module import KernelModule
from dlmagic.devices.driver.nodes import Nodes
from dlmagic.devices.driver.situation import Situation
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.check.catalogue import causes_of_machine
from dlmagic.magics.gpus.check.evidence import Machine

FILES = Nodes(gpus=("/dev/nvidia0",), control=True, uvm=True)
MACHINE = Machine(
    situation=Situation({}, ()),
    nodes=FILES,
    module=KernelModule("580.65.06", uvm=True),
    cards=(),
    enclosure=Enclosure(),
    library=CudaLibrary("/usr/lib/libcuda.so.580.65.06", code=999, cuda=(13, 0)),
    readings=Reason("NVIDIA's driver is silent"),
)
IN_DOCKER = replace(MACHINE, enclosure=Enclosure("Docker"))


def kinds(machine: Machine) -> list[str]:
    return [cause.kind for cause in causes_of_machine(machine)]


def answering(code: int) -> Machine:
    return replace(MACHINE, library=replace(MACHINE.library, code=code))


def test_files_that_permissions_keep_a_user_from() -> None:
    machine = replace(MACHINE, nodes=replace(FILES, forbidden=("/dev/nvidia0",)))
    (cause,) = causes_of_machine(machine)
    assert cause.kind == "no-permission"
    assert "/dev/nvidia0" in cause.message


def test_files_that_a_control_group_withholds() -> None:
    assert kinds(replace(IN_DOCKER, nodes=replace(FILES, withheld=FILES.gpus))) == [
        "container-lost-gpus"
    ]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (2, "no-memory-to-start"),
        (3, "not-initialised"),
        (46, "device-unavailable"),
        (100, "no-device"),
        (101, "invalid-device"),
        (304, "system-refuses"),
        (802, "fabric-manager"),
        (999, "after-suspend"),
        (12345, "cuda-does-not-start"),
    ],
)
def test_a_code_that_nothing_else_explains(code: int, kind: str) -> None:
    (cause,) = causes_of_machine(answering(code))
    assert cause.kind == kind
    assert f"cuInit returned {code}" in cause.read[0]
    assert cause.command


def test_cuda_that_starts_without_devices() -> None:
    assert kinds(answering(0)) == ["no-device"]


def test_a_library_that_crashes() -> None:
    broken = CudaLibrary(broken=Reason("it crashed (signal 11)", -11))
    assert kinds(replace(MACHINE, library=broken)) == ["cuda-crashes"]


def test_a_jetson_has_other_files() -> None:
    machine = replace(answering(999), nodes=Nodes(jetson=True), module=KernelModule())
    assert kinds(machine) == ["after-suspend"]


def test_cuda_that_works_has_no_cause() -> None:
    working = replace(MACHINE.library, code=0, devices=1)
    machine = replace(MACHINE, library=working, nodes=Nodes(), module=KernelModule())
    assert causes_of_machine(machine) == ()
