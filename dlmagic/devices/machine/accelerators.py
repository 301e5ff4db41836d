"""Accelerators that are not NVIDIA's, told from what the system lists.

No framework is imported and no vendor's library is loaded: some take the device for themselves.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dlmagic.devices.gpus.owned import OwnedProcess
from dlmagic.devices.machine.amd import read_amd
from dlmagic.devices.machine.pci_names import pci_name
from dlmagic.devices.machine.roots import ROOTS, Roots, read_word
from dlmagic.devices.reading import Reason

_AMD, _INTEL = "0x1002", "0x8086"
_SHARED = Reason("it shares the machine's memory")
_NOT_IN_A_FILE = Reason("its driver does not tell this in a file")
_NOT_TOLD = Reason("macOS tells this to administrators only")
_NOT_WITHOUT_ITS_LIBRARY = Reason("only Google's library tells this, and it takes the device")


@dataclass(frozen=True)
class Accelerator:
    """A device to compute on.

    Attributes:
        kind: ``"Apple GPU"``, ``"AMD GPU"``, ``"Intel GPU"`` or ``"Google TPU"``.
        name: Of the model.
        framework_name: What PyTorch or JAX call such a device; PyTorch for AMD calls it ``cuda``.
        memory_total: Bytes.
        memory_used: Bytes.
        utilization: Percent of the last moment in which it was busy.
        temperature: Degrees Celsius.
        found: Where it is listed.
        power: Watts.
        processes: Who computes on it.
    """

    kind: str
    name: str | Reason
    framework_name: str
    memory_total: int | Reason
    memory_used: int | Reason
    utilization: int | Reason
    temperature: int | Reason
    found: str
    power: float | Reason = _NOT_IN_A_FILE
    processes: tuple[OwnedProcess, ...] | Reason = _NOT_IN_A_FILE


def other_accelerators(roots: Roots = ROOTS) -> tuple[Accelerator, ...]:
    """All that are listed on this machine."""
    return (*_apple(), *_graphics_cards(roots), *_tpus(roots))


def _apple() -> Iterator[Accelerator]:
    if (platform.system(), platform.machine()) == ("Darwin", "arm64"):
        name = platform.processor() or "arm64"
        found = f"macOS {platform.mac_ver()[0]} on {name}"
        known = ("Apple GPU", "Apple silicon", "mps", _SHARED, _SHARED)
        yield Accelerator(*known, _NOT_TOLD, _NOT_TOLD, found, _NOT_TOLD, _NOT_TOLD)


def _graphics_cards(roots: Roots) -> Iterator[Accelerator]:
    listed = roots.sys / "class" / "drm"
    # Beside each card, its sockets are listed, as card0-HDMI-A-1.
    cards = [each for each in listed.glob("card*") if re.fullmatch(r"card\d+", each.name)]
    for card in sorted(cards, key=lambda each: int(each.name[4:])):
        device = card / "device"
        vendor = read_word(device / "vendor")
        if vendor == _AMD:
            yield _amd(device, card, roots)
        elif vendor == _INTEL:
            nameless = _nameless("Intel GPU", "xpu", _NOT_IN_A_FILE, card)
            yield replace(nameless, name=pci_name(device, roots) or _NOT_IN_A_FILE)


def _amd(device: Path, card: Path, roots: Roots) -> Accelerator:
    known = read_amd(device, roots)
    product = read_word(device / "product_name")  # empty on boards for private use
    return Accelerator(
        kind="AMD GPU",
        name=product or pci_name(device, roots) or _NOT_IN_A_FILE,
        framework_name="cuda",
        memory_total=known.memory_total,
        memory_used=known.memory_used,
        utilization=known.utilization,
        temperature=known.temperature,
        found=str(card),
        power=known.power,
        processes=known.processes,
    )


def _tpus(roots: Roots) -> Iterator[Accelerator]:
    """A folder of the same name holds accelerators of other makers."""
    for file in sorted(roots.dev.glob("accel[0-9]*")):
        yield _nameless("Google TPU", "tpu", _NOT_WITHOUT_ITS_LIBRARY, file)


def _nameless(kind: str, framework_name: str, why: Reason, found: Path) -> Accelerator:
    """One of which only is known that it is there."""
    return Accelerator(kind, why, framework_name, why, why, why, why, str(found), why, why)
