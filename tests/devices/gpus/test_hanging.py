"""A driver that does not come back costs two seconds and a half, not the notebook."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dlmagic.devices.gpus.reader import GpuReader
from tests.devices.double.boards import GIB, Board, Part
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine


@pytest.mark.alone
def test_a_call_that_hangs_for_ten_seconds_is_named_within_two_and_a_half(machine) -> None:
    played = machine(*[Board(used=GIB)] * 8)
    played.break_down("nvmlDeviceGetTemperature", 3, hang=10)
    begun = time.monotonic()
    with GpuReader() as reader:
        gpus = reader.read().gpus
    assert time.monotonic() - begun <= 2.5
    played.mend()
    for gpu in gpus:
        if gpu.index != 3:
            assert (gpu.trouble, gpu.memory_used, gpu.temperature) == (None, GIB, 35)
    assert "nvmlDeviceGetTemperature" in str(gpus[3].trouble)
    assert gpus[3].memory_used == gpus[3].trouble


DIVIDED = Board(used=GIB, mig=1, parts=(Part("MIG-a", 1),))
EACH = (
    "nvmlDeviceGetHandleByIndex_v2",
    "nvmlDeviceGetMigDeviceHandleByIndex",
    "nvmlDeviceGetComputeRunningProcesses_v2",
)


@pytest.mark.parametrize("function", EACH)
def test_any_call_about_one_gpu_may_hang(machine, function: str) -> None:
    played = machine(Board(), DIVIDED, Board())
    played.break_down(function, 1, hang=30)
    with GpuReader(deadline=0.5) as reader:
        gpus = reader.read().gpus
        assert [gpu.trouble is None for gpu in gpus] == [True, False, True]
        assert function.removesuffix("_v2") in str(gpus[1].trouble)
        played.mend()


@pytest.mark.parametrize("function", ["nvmlInitWithFlags", "nvmlDeviceGetCount_v2"])
def test_the_library_as_a_whole_may_hang(machine, function: str) -> None:
    played = machine()
    played.break_down(function, hang=30)
    with GpuReader(deadline=0.3) as reader:
        found = reader.read()
        assert found.gpus == ()
        assert "has not answered for" in str(found.missing)
        played.mend()
        time.sleep(0.1)
        assert reader.read().gpus


@pytest.mark.alone
def test_a_hanging_gpu_is_not_asked_again_and_comes_back(machine) -> None:
    played = machine(Board(), Board())
    played.break_down("nvmlDeviceGetPowerUsage", 1, hang=30)
    with GpuReader(deadline=0.4) as reader:
        first = reader.read()
        assert 0.3 < first.seconds < 2
        for _ in range(3):
            again = reader.read()
            assert "nvmlDeviceGetPowerUsage" in str(again.gpus[1].trouble)
            assert again.seconds < 0.3
        assert len([c for c in played.calls("nvmlDeviceGetPowerUsage") if c.gpu == 1]) == 1
        played.mend()
        time.sleep(0.1)
        assert reader.read().gpus[1].power == 70.0


@pytest.mark.alone
def test_closing_does_not_wait_and_the_library_is_ended_when_the_call_returns(machine) -> None:
    played = machine()
    played.break_down("nvmlDeviceGetPowerUsage", hang=30)
    reader = GpuReader(deadline=0.2)
    reader.read()
    begun = time.monotonic()
    reader.close()
    assert time.monotonic() - begun < 0.2
    assert played.calls("nvmlShutdown") == []
    played.mend()
    for _ in range(100):
        if played.calls("nvmlShutdown"):
            break
        time.sleep(0.02)
    assert len(played.calls("nvmlShutdown")) == 1


def test_an_interrupt_gets_through_and_leaves_the_library_balanced(machine, interrupts) -> None:
    played = machine()
    played.break_down("nvmlDeviceGetPowerUsage", hang=30)
    reader = GpuReader(deadline=20)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        reader.read()
    timer.join()
    played.mend()
    reader.close()


LEAVE = """
import sys
from dlmagic.devices.gpus.reader import GpuReader
with GpuReader(deadline=0.3) as reader: print(reader.read().gpus[0].trouble)
"""


def test_a_program_ends_though_a_call_hangs(libraries: Libraries, tmp_path: Path) -> None:
    played = Machine(tmp_path)
    played.break_down("nvmlDeviceGetPowerUsage", hang=60)
    found_at = {"PYTHONPATH": os.pathsep.join(sys.path)}
    environment = {**played.environment(libraries.of("580")), **found_at}
    command = [sys.executable, "-c", LEAVE]
    shown = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    played.close()
    assert "nvmlDeviceGetPowerUsage" in shown.stdout
    assert shown.stderr == ""
