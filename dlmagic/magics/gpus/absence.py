"""One sentence why there is no NVIDIA GPU, from what the kernel lists."""

from __future__ import annotations

import platform
from pathlib import Path

from dlmagic.devices.machine.roots import ROOTS, Roots, read_word
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NO_LIBRARY

_NVIDIA = "0x10de"
_DRAWS_OR_COMPUTES = "0x03"  # how the class of a graphics card begins on the bus


def why_none(missing: Reason, roots: Roots = ROOTS) -> str:
    """Why there is no NVIDIA GPU, in one sentence.

    Args:
        missing: What NVIDIA's library says, or that there is none.
        roots: Where Linux tells about the machine.
    """
    if missing.code != NO_LIBRARY:
        return f"No NVIDIA GPU: {missing}."
    if platform.system() == "Darwin":
        return "No NVIDIA GPU: macOS has no driver for them any more."
    if (roots.proc / "driver" / "nvidia" / "version").exists():
        return (
            "No NVIDIA GPU here: the kernel has NVIDIA's driver, but its libraries are not to be "
            "found; a container must be started with --gpus all."
        )
    cards = _on_the_bus(roots)
    if cards:
        return (
            f"No NVIDIA GPU can be used: one is in this machine ({', '.join(cards)}), "
            "but NVIDIA's driver is not installed."
        )
    seen = "" if not (roots.sys / "bus" / "pci").exists() else "none is on the bus, and "
    return f"No NVIDIA GPU: {seen}NVIDIA's driver is not installed."


def _on_the_bus(roots: Roots) -> list[str]:
    """Where NVIDIA's GPUs are plugged in."""
    devices = sorted((roots.sys / "bus" / "pci" / "devices").glob("*"))
    return [each.name for each in devices if _is_gpu(each)]


def _is_gpu(device: Path) -> bool:
    kind = read_word(device / "class") or ""
    return read_word(device / "vendor") == _NVIDIA and kind.startswith(_DRAWS_OR_COMPUTES)
