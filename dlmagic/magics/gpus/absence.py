"""One sentence why there is no NVIDIA GPU, from what the kernel lists.

``%gpus check`` looks deeper.
"""

from __future__ import annotations

import platform

from dlmagic.devices.driver.module import Card, read_cards, read_module
from dlmagic.devices.machine.roots import ROOTS, Roots
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NO_LIBRARY
from dlmagic.display.units import listed


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
    if read_module(roots).version is not None:
        return (
            "No NVIDIA GPU here: the kernel has NVIDIA's driver, but its libraries are not to be "
            "found; a container must be started with --gpus all."
        )
    cards = read_cards(roots)
    if cards:
        return (
            f"No NVIDIA GPU can be used: one is in this machine ({listed(map(_named, cards))}), "
            "but NVIDIA's driver is not installed."
        )
    seen = "none is on the bus, and " if (roots.sys / "bus" / "pci").exists() else ""
    return f"No NVIDIA GPU: {seen}NVIDIA's driver is not installed."


def _named(card: Card) -> str:
    return f"{card.bus_id}, taken by {card.driver}" if card.driver else card.bus_id
