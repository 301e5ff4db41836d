"""The double of CUDA's library: which devices a program gets, and in which order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.devices.double.boards import Board, Part
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine

ASK = """
import ctypes, os, sys
cuda = ctypes.CDLL("libcuda.so.1")
def devices():
    count = ctypes.c_int()
    assert cuda.cuDeviceGetCount(ctypes.byref(count)) == 0
    uuid = ctypes.create_string_buffer(16)
    for index in range(count.value):
        assert cuda.cuDeviceGetUuid_v2(uuid, index) == 0
        yield uuid.raw.hex()[:2]
context = ctypes.c_void_p()
assert cuda.cuCtxGetCurrent(ctypes.byref(context)) == 3
for line in sys.argv[1:]:
    order, _, visible = line.partition(":")
    if os.fork() == 0:
        os.environ["CUDA_DEVICE_ORDER"] = order
        if visible != "all":
            os.environ["CUDA_VISIBLE_DEVICES"] = visible
        code = cuda.cuInit(0)
        print(" ".join(devices()) if code == 0 else code, flush=True)
        os._exit(0)
    os.wait()
"""
A, B = (f"GPU-{first}0000000-0000-0000-0000-000000000000" for first in "ab")
BOARDS = (Board(A, speed=1), Board(B, speed=3), Board("GPU-c1" + "0" * 30, speed=2))
BY_BUS = (
    ("all", "a0 b0 c1"),
    ("2,0", "c1 a0"),
    ("1,7,0", "b0"),
    ("1,-1,0", "b0"),
    ("-1", "100"),
    ("", "100"),
    ("1,1", "100"),
    ("2x,0", "c1 a0"),
    (f"{B},{A}", "b0 a0"),
    ("GPU-c,GPU-a", "c1 a0"),
    ("GPU-c,0", "c1"),
    ("0,GPU-c", "a0"),
    ("2, +1, -0", "c1 b0 a0"),
    ("GPU-,0", "100"),
)


@pytest.fixture(scope="module")
def shown(libraries: Libraries, tmp_path_factory: pytest.TempPathFactory):
    """What a program with these settings gets."""

    def made(boards, *lines: str, **fault) -> list[str]:
        folder: Path = tmp_path_factory.mktemp("cuda")
        machine = Machine(folder, boards)
        if fault:
            machine.break_down(**fault)
        environment = machine.environment(libraries.of("580"))
        command = [sys.executable, "-c", ASK, *lines]
        answer = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        )
        machine.close()
        return answer.stdout.splitlines()

    return made


def test_visible_devices_are_read_as_cuda_reads_them(shown) -> None:
    found = shown(BOARDS, *(f"PCI_BUS_ID:{setting}" for setting, _ in BY_BUS))
    assert found == [wanted for _, wanted in BY_BUS]


def test_the_fastest_come_first_unless_the_bus_decides(shown) -> None:
    assert shown(BOARDS, "FASTEST_FIRST:all", ":0") == ["b0 c1 a0", "b0"]


def test_a_process_has_one_part_of_a_divided_gpu_and_nothing_else(shown) -> None:
    parts = (Part("MIG-e" + "1" * 31, 1), Part("MIG-f" + "1" * 31, 2, slot=1))
    boards = (Board(A, mig=1, parts=parts), Board(B))
    by_bus = ("1", "all", "0", parts[1].uuid, "MIG-f,MIG-e", f"MIG-{A}/2/0", "MIG-GPU-a/1/0", A)
    found = shown(boards, *(f"PCI_BUS_ID:{setting}" for setting in by_bus))
    # Numbers count whole GPUs first.
    assert found == ["e1", "e1", "b0", "f1", "f1", "f1", "e1", "e1"]


def test_a_child_of_a_process_that_has_started_it_cannot_use_it(
    libraries: Libraries, tmp_path: Path
) -> None:
    machine = Machine(tmp_path, BOARDS)
    program = """
import ctypes, os
cuda = ctypes.CDLL("libcuda.so.1")
assert cuda.cuInit(0) == 0
count, context = ctypes.c_int(), ctypes.c_void_p()
if os.fork() == 0:
    print(cuda.cuInit(0), cuda.cuCtxGetCurrent(ctypes.byref(context)), flush=True)
    os._exit(0)
os.wait()
print(cuda.cuCtxGetCurrent(ctypes.byref(context)))
"""
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=machine.environment(libraries.of("580")),
        capture_output=True,
        text=True,
        check=True,
    )
    machine.close()
    assert answer.stdout.splitlines() == ["3 3", "0"]


@pytest.mark.parametrize("code", [100, 802, 803, 804, 999])
def test_a_driver_that_does_not_start_says_so(shown, code: int) -> None:
    assert shown(BOARDS, ":all", function="cuInit", code=code) == [str(code)]
