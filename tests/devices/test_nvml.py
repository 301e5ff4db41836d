"""NVIDIA's library as a module that is handed in, and the real one where there is no GPU."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from dlmagic.devices.nvml import Nvml
from dlmagic.devices.reading import Reason


class Library(ModuleType):
    """As much of ``pynvml`` as is used: boards by UUID, with their counters in millijoules."""

    class NVMLError(Exception):
        pass

    def __init__(self, boards: dict[str, int], broken: str = "") -> None:
        super().__init__("pynvml")
        self.boards, self.broken, self.started = boards, broken, 0

    def _ask(self, name: str) -> None:
        if name == self.broken:
            raise self.NVMLError("Not Supported")

    def nvmlInit(self) -> None:
        self._ask("init")
        self.started += 1

    def nvmlShutdown(self) -> None:
        self.started -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self.boards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> str:
        return list(self.boards)[index]

    def nvmlDeviceGetUUID(self, handle: str) -> bytes:
        return handle.encode()  # as older bindings answer

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:
        self._ask("energy")
        return self.boards[handle]


def test_energy_is_told_in_joules_by_board() -> None:
    meter = Nvml(Library({"GPU-a": 1500, "GPU-b": 2000}))
    assert meter.joules() == {"GPU-a": 1.5, "GPU-b": 2.0}
    assert meter.joules(["GPU-b"]) == {"GPU-b": 2.0}
    assert meter.joules(["b"]) == {"GPU-b": 2.0}


def test_the_driver_is_started_once_and_left() -> None:
    library = Library({"GPU-a": 1})
    meter = Nvml(library)
    assert library.started == 0
    meter.joules()
    meter.joules()
    assert library.started == 1
    meter.close()
    meter.close()
    assert library.started == 0
    meter.joules()
    assert library.started == 1


@pytest.mark.parametrize(
    ("library", "devices", "words"),
    [
        (Library({}), None, "no NVIDIA GPU"),
        (Library({"GPU-a": 1}, broken="energy"), None, "does not tell its energy"),
        (Library({"GPU-a": 1}, broken="init"), None, "Not Supported"),
        (Library({"GPU-a": 1}), ["GPU-z"], "does not list"),
    ],
)
def test_what_is_not_there_has_a_reason(library: Library, devices, words: str) -> None:
    found = Nvml(library).joules(devices)
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
