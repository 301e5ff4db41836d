"""GPUs of AMD, from the files that their driver fills; a GPU that sleeps is not woken.

Who computes is listed by another part of the driver (KFD), which counts GPUs in its own way: the
number of the file to draw with tells which is which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dlmagic.devices.gpus.gpu import GpuProcess
from dlmagic.devices.gpus.owned import OwnedProcess
from dlmagic.devices.gpus.owners import Owners
from dlmagic.devices.machine.roots import Roots, read_word
from dlmagic.devices.reading import Reason

_NOT_IN_A_FILE = Reason("its driver does not tell this in a file")
_ASLEEP = Reason("it sleeps to save power, and a question would wake it")
_NOT_LISTED = Reason("its driver (KFD) lists nobody here")
_MINOR = re.compile(r"^drm_render_minor (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class AmdReadings:
    """What can be told of one GPU, each a value or the reason for none.

    Attributes:
        memory_total: Bytes.
        memory_used: Bytes.
        utilization: Percent.
        temperature: Degrees Celsius.
        power: Watts.
        processes: Who computes on it.
    """

    memory_total: int | Reason
    memory_used: int | Reason
    utilization: int | Reason
    temperature: int | Reason
    power: float | Reason
    processes: tuple[OwnedProcess, ...] | Reason


def read_amd(device: Path, roots: Roots) -> AmdReadings:
    """One GPU.

    Args:
        device: The folder in which the kernel describes it.
        roots: Where Linux tells about the machine.
    """
    asleep = read_word(device / "power" / "runtime_status") == "suspended"
    sensors = _sensors(device)
    temperature = _ASLEEP if asleep else _first(sensors, "temp1_input")
    power = _ASLEEP if asleep else _first(sensors, "power1_average", "power1_input")
    return AmdReadings(
        memory_total=_number(device / "mem_info_vram_total"),
        memory_used=_ASLEEP if asleep else _number(device / "mem_info_vram_used"),
        utilization=_ASLEEP if asleep else _number(device / "gpu_busy_percent"),
        temperature=temperature if isinstance(temperature, Reason) else temperature // 1000,
        power=power if isinstance(power, Reason) else power / 1_000_000,
        processes=_processes(device, roots),
    )


def _sensors(device: Path) -> list[Path]:
    return sorted((device / "hwmon").glob("hwmon*"))


def _first(folders: list[Path], *names: str) -> int | Reason:
    found = (_number(folder / name) for folder in folders for name in names)
    return next((each for each in found if not isinstance(each, Reason)), _NOT_IN_A_FILE)


def _number(file: Path) -> int | Reason:
    word = read_word(file)
    return int(word) if word is not None and word.isdigit() else _NOT_IN_A_FILE


def _processes(device: Path, roots: Roots) -> tuple[OwnedProcess, ...] | Reason:
    kfd = roots.sys / "class" / "kfd" / "kfd"
    number = next(_numbers_in(kfd, device), None)
    if number is None or not (kfd / "proc").exists():
        return _NOT_LISTED
    owners = Owners(proc=roots.proc)
    found = (GpuProcess(pid, memory) for pid, memory in _people(kfd / "proc", number))
    return tuple(OwnedProcess.of(each, owners.of(each.pid)) for each in found)


def _numbers_in(kfd: Path, device: Path) -> Iterator[str]:
    """What KFD calls this GPU."""
    files = {each.name for each in (device / "drm").glob("renderD*")}
    for node in (kfd / "topology" / "nodes").glob("*"):
        minor = _MINOR.search(read_word(node / "properties") or "")
        if minor is not None and f"renderD{minor[1]}" in files:
            yield read_word(node / "gpu_id") or ""


def _people(folder: Path, number: str) -> Iterator[tuple[int, int | Reason]]:
    """Who computes on a GPU, by the memory that each has there."""
    for entry in sorted(folder.glob("*")):
        memory = _number(entry / f"vram_{number}")
        if entry.name.isdigit() and memory != 0 and (entry / f"vram_{number}").exists():
            yield int(entry.name), memory
