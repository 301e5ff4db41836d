"""NVIDIA's kernel module, and the graphics cards on the bus that it should have taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dlmagic.devices.machine.roots import ROOTS, Roots, read_word

_NVIDIA = "0x10de"
_DISPLAY = "0x03"  # the class of devices on the bus that draw or, without a socket, compute
_VERSION = re.compile(r"Kernel Module\b.*?\s(\d+(?:\.\d+)+)\s")


@dataclass(frozen=True)
class KernelModule:
    """The part of the driver that is in the kernel.

    Attributes:
        version: Of the module that is loaded; None where none is.
        uvm: Whether its companion for memory (``nvidia_uvm``) is loaded; None where that is not
            told.
    """

    version: str | None = None
    uvm: bool | None = None


@dataclass(frozen=True)
class Card:
    """One of NVIDIA's cards on the bus.

    Attributes:
        bus_id: Such as ``"0000:01:00.0"``.
        driver: Who has taken it: ``"nvidia"``, ``"nouveau"``, ``"vfio-pci"``; None for nobody.
    """

    bus_id: str
    driver: str | None = None


def read_module(roots: Roots = ROOTS) -> KernelModule:
    """The kernel module of this machine."""
    told = read_word(roots.proc / "driver" / "nvidia" / "version") or ""
    found = _VERSION.search(f"{told} ")
    listed = read_word(roots.proc / "modules")
    names = {line.partition(" ")[0] for line in (listed or "").splitlines()}
    uvm = "nvidia_uvm" in names if listed is not None else None
    return KernelModule(found[1] if found else None, uvm)


def read_cards(roots: Roots = ROOTS) -> tuple[Card, ...]:
    """NVIDIA's cards; to look at them does not wake them."""
    listed = sorted((roots.sys / "bus" / "pci" / "devices").glob("*"))
    return tuple(Card(each.name, _driver(each)) for each in listed if _is_card(each))


def _is_card(device: Path) -> bool:
    kind = read_word(device / "class") or ""
    return read_word(device / "vendor") == _NVIDIA and kind.startswith(_DISPLAY)


def _driver(device: Path) -> str | None:
    try:
        return (device / "driver").readlink().name
    except OSError:
        return None
