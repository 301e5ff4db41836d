"""Energy, through the real binding from a double of the library, and from the real one if any."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dlmagic.devices.nvml import Nvml
from dlmagic.devices.reading import Reason
from tests.devices.double.boards import Board

A, B = Board("GPU-a", energy=1500), Board("GPU-b", energy=2000)


@pytest.fixture
def meter():
    made = Nvml()
    yield made
    made.close()


def test_energy_is_told_in_joules_by_board(machine, meter: Nvml) -> None:
    machine(A, B)
    assert meter.joules() == {"GPU-a": 1.5, "GPU-b": 2.0}
    assert meter.joules(["GPU-b"]) == {"GPU-b": 2.0}
    assert meter.joules(["b"]) == {"GPU-b": 2.0}


def test_the_driver_is_started_once_and_left(machine, meter: Nvml) -> None:
    played = machine(A)
    assert played.calls() == []
    meter.joules()
    meter.joules()
    assert len(played.calls("nvmlInitWithFlags")) == 1
    meter.close()
    meter.close()
    assert len(played.calls("nvmlShutdown")) == 1
    meter.joules()
    assert len(played.calls("nvmlInitWithFlags")) == 2


def test_a_gpu_that_may_not_be_read_does_not_hide_the_others(machine, meter: Nvml) -> None:
    machine(Board(hidden=1), B)
    assert meter.joules() == {"GPU-b": 2.0}


@pytest.mark.parametrize(
    ("boards", "fault", "devices", "words"),
    [
        ([], {}, None, "no NVIDIA GPU"),
        ([Board(hidden=1)], {}, None, "may not read"),
        ([A], {"function": "nvmlDeviceGetTotalEnergyConsumption", "code": 3}, None, "energy"),
        ([A], {"function": "nvmlInitWithFlags", "code": 9}, None, "not loaded"),
        ([A], {"function": "nvmlDeviceGetCount_v2", "code": 999}, None, "NVML error 999"),
        ([A], {}, ["GPU-z"], "does not list"),
    ],
)
def test_what_is_not_there_has_a_reason(
    machine, meter: Nvml, boards, fault, devices, words: str
) -> None:
    played = machine(*boards)
    played.boards = played.boards if boards else []
    played.write()
    if fault:
        played.break_down(**fault)
    found = meter.joules(devices)
    assert isinstance(found, Reason)
    assert words in str(found)


def test_the_real_library_answers_with_energy_or_a_reason() -> None:
    meter = Nvml()
    found = meter.joules()
    meter.close()
    if isinstance(found, Reason):
        assert "\n" not in str(found)
    else:
        assert all(joules > 0 for joules in found.values())


def test_importing_it_imports_no_binding() -> None:
    code = "import sys, dlmagic.devices.nvml as n; n.Nvml(); print('pynvml' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
