"""The double through the real binding alone: what it plays is what NVIDIA's library would say."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pynvml
import pytest

from tests.devices.double.boards import GIB, Board, Part, Process
from tests.devices.double.building import Libraries
from tests.devices.double.generations import GENERATIONS
from tests.devices.double.machine import Machine

ASK = """
import sys, pynvml
pynvml.nvmlInit()
device = pynvml.nvmlDeviceGetHandleByIndex(0)
print(pynvml.nvmlDeviceGetName(device), flush=True)
for _ in sys.stdin:
    print([p.pid for p in pynvml.nvmlDeviceGetComputeRunningProcesses(device)], flush=True)
"""


@pytest.fixture
def device(machine):
    """The first GPU of a machine with the library started."""

    def made(*boards: Board, **settings):
        played = machine(*boards, **settings)
        pynvml.nvmlInit()
        return played, pynvml.nvmlDeviceGetHandleByIndex(0)

    yield made
    pynvml.nvmlShutdown()


def test_a_child_interpreter_sees_processes_come_and_go(libraries: Libraries, tmp_path: Path):
    machine = Machine(tmp_path)
    environment = machine.environment(libraries.of("580"))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", ASK], env=environment, **pipes) as child:
        assert "H100" in child.stdout.readline()
        for pids in ([], [77], [77, 78], [78]):
            machine.change(0, processes=tuple(Process(pid) for pid in pids))
            child.stdin.write("\n")
            child.stdin.flush()
            assert child.stdout.readline().strip() == str(pids)
        child.stdin.close()
    assert {call.pid for call in machine.calls()} == {child.pid}
    machine.close()


def test_what_this_process_loads_is_not_found_by_the_name_of_nvidias(machine) -> None:
    machine()
    code = (
        "import ctypes, sys; ctypes.CDLL(sys.argv[1]); import pynvml\n"
        "try: pynvml.nvmlInit()\n"
        "except pynvml.NVMLError: print('not found')\n"
        "else: print(pynvml.nvmlSystemGetDriverVersion())"
    )
    arguments = [sys.executable, "-c", code, pynvml.nvmlLib._name]
    shown = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() not in ("", "580.65.06")


def test_values_are_those_of_the_machine(device) -> None:
    board = Board(used=3 * GIB, utilization=71, temperature=66, power=123_456, major=8, minor=6)
    _, gpu = device(board)
    memory = pynvml.nvmlDeviceGetMemoryInfo(gpu, version=pynvml.nvmlMemory_v2)
    assert (memory.total, memory.used, memory.reserved) == (80 * GIB, 3 * GIB, GIB // 2)
    assert memory.total == memory.used + memory.free + memory.reserved
    assert pynvml.nvmlDeviceGetMemoryInfo(gpu).used == 3 * GIB + GIB // 2
    assert pynvml.nvmlDeviceGetUtilizationRates(gpu).gpu == 71
    assert pynvml.nvmlDeviceGetTemperature(gpu, pynvml.NVML_TEMPERATURE_GPU) == 66
    assert pynvml.nvmlDeviceGetTemperatureV(gpu, pynvml.NVML_TEMPERATURE_GPU) == 66
    assert pynvml.nvmlDeviceGetPowerUsage(gpu) == 123_456
    assert pynvml.nvmlDeviceGetCudaComputeCapability(gpu) == (8, 6)
    assert pynvml.nvmlDeviceGetPciInfo(gpu).busId == "00000000:01:00.0"


def test_words_that_tell_a_version_are_checked(device) -> None:
    _, gpu = device()
    with pytest.raises(pynvml.NVMLError) as refused:
        pynvml.nvmlDeviceGetMemoryInfo(gpu, version=pynvml.nvmlMemory_v2 + 1)
    assert refused.value.value == pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH


def test_lists_are_by_kind_and_may_be_longer_than_was_said(device) -> None:
    played, gpu = device(Board(processes=(Process(7, kind="CG"), Process(8, kind="M"))))
    assert [p.pid for p in pynvml.nvmlDeviceGetComputeRunningProcesses(gpu)] == [7]
    assert [p.pid for p in pynvml.nvmlDeviceGetGraphicsRunningProcesses(gpu)] == [7]
    assert [p.pid for p in pynvml.nvmlDeviceGetMPSComputeRunningProcesses(gpu)] == [8]
    played.break_down("nvmlDeviceGetComputeRunningProcesses_v3", code=7, times=2)
    with pytest.raises(pynvml.NVMLError_InsufficientSize):
        pynvml.nvmlDeviceGetComputeRunningProcesses(gpu)
    assert len(pynvml.nvmlDeviceGetComputeRunningProcesses(gpu)) == 1


def test_memory_that_is_not_told_is_none(device) -> None:
    _, gpu = device(Board(processes=(Process(7, memory=2**64 - 1),)))
    assert pynvml.nvmlDeviceGetComputeRunningProcesses(gpu)[0].usedGpuMemory is None


@pytest.mark.parametrize("generation", GENERATIONS)
def test_generations_lack_what_came_later(device, generation: str) -> None:
    _, gpu = device(Board(processes=(Process(7), Process(8))), generation=generation)
    about = GENERATIONS[generation]
    assert pynvml.nvmlSystemGetDriverVersion() == about.driver
    for name in about.lacks:
        assert not hasattr(pynvml.nvmlLib, name)
    assert hasattr(pynvml.nvmlLib, "nvmlDeviceGetMemoryInfo")
    if about.third_list == 32:
        assert [p.pid for p in pynvml.nvmlDeviceGetComputeRunningProcesses(gpu)] != [7, 8]
        assert [p.pid for p in pynvml.nvmlDeviceGetComputeRunningProcesses_v2(gpu)] == [7, 8]
    if about.garbled:
        with pytest.raises(UnicodeDecodeError):
            pynvml.nvmlDeviceGetName(gpu)


def test_a_fault_comes_after_some_calls_on_one_gpu_and_goes(device) -> None:
    played, gpu = device(Board(), Board())
    other = pynvml.nvmlDeviceGetHandleByIndex(1)
    fault = played.break_down("nvmlDeviceGetPowerUsage", 0, code=15, after=2)
    assert [pynvml.nvmlDeviceGetPowerUsage(gpu) for _ in range(2)] == [70_000] * 2
    with pytest.raises(pynvml.NVMLError_GpuIsLost):
        pynvml.nvmlDeviceGetPowerUsage(gpu)
    assert pynvml.nvmlDeviceGetPowerUsage(other) == 70_000
    played.mend(fault)
    assert pynvml.nvmlDeviceGetPowerUsage(gpu) == 70_000
    assert [call.gpu for call in played.calls("nvmlDeviceGetPowerUsage")] == [0, 0, 0, 1, 0]


def test_a_hang_lasts_until_the_fault_is_taken_away(device) -> None:
    played, gpu = device()
    played.break_down("nvmlDeviceGetPowerUsage", hang=20)
    asking = threading.Thread(target=pynvml.nvmlDeviceGetPowerUsage, args=(gpu,))
    asking.start()
    asking.join(0.2)
    assert asking.is_alive()
    begun = time.monotonic()
    played.mend()
    asking.join(5)
    assert not asking.is_alive()
    assert time.monotonic() - begun < 2


def test_hidden_gpus_are_counted_and_refused(device) -> None:
    device(Board(), Board(hidden=1))
    assert pynvml.nvmlDeviceGetCount() == 2
    with pytest.raises(pynvml.NVMLError_NoPermission):
        pynvml.nvmlDeviceGetHandleByIndex(1)


def test_parts_of_a_divided_gpu_have_handles_until_they_are_gone(device) -> None:
    parts = (Part("MIG-a", gi=1, slot=0), Part("MIG-c", gi=3, slot=2))
    played, gpu = device(Board(mig=1, parts=parts, processes=(Process(7, gi=3, ci=0),)))
    part = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 2)
    assert pynvml.nvmlDeviceGetUUID(part) == "MIG-c"
    assert pynvml.nvmlDeviceGetGpuInstanceId(part) == 3
    assert [p.pid for p in pynvml.nvmlDeviceGetComputeRunningProcesses(part)] == [7]
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 1)
    played.change(0, parts=())
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetUUID(part)


def test_starting_and_ending_are_counted(machine) -> None:
    machine()
    pynvml.nvmlInit()
    pynvml.nvmlInit()
    pynvml.nvmlShutdown()
    assert pynvml.nvmlDeviceGetCount() == 1
    pynvml.nvmlShutdown()
    # That it ended is what the fixture checks after every test.


@pytest.mark.alone
@pytest.mark.parametrize("microseconds", [20_000, 0])
def test_traffic_on_the_bus_is_counted_for_as_long_as_the_machine_says(
    device, microseconds: int
) -> None:
    _, gpu = device(pcie=microseconds)
    begun = time.perf_counter()
    pynvml.nvmlDeviceGetPcieThroughput(gpu, pynvml.NVML_PCIE_UTIL_TX_BYTES)
    assert 0 <= time.perf_counter() - begun - microseconds / 1e6 < 0.015


def test_how_busy_each_process_was_is_told_for_those_that_are_there(device) -> None:
    played, gpu = device(Board(processes=(Process(77), Process(78))))
    samples = pynvml.nvmlDeviceGetProcessUtilization(gpu, 0)
    assert [sample.pid for sample in samples if sample.pid] == [77, 78]
    played.change(0, processes=())
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetProcessUtilization(gpu, 0)
