"""Names of devices on the PCI bus, from the list that most Linux systems have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dlmagic.devices.machine.roots import ROOTS, Roots, read_word

_LISTS = ("hwdata/pci.ids", "misc/pci.ids")


def pci_name(device: Path, roots: Roots = ROOTS) -> str | None:
    """What the list calls a device; None where it is not in the list, or there is no list.

    Args:
        device: The folder in which the kernel describes it.
        roots: Where the list is.
    """
    vendor, model = (_digits(device / name) for name in ("vendor", "device"))
    for file in _LISTS:
        try:
            text = (roots.share / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        return next(_names(text, vendor, model), None)
    return None


def _digits(file: Path) -> str:
    return (read_word(file) or "").removeprefix("0x").lower()


def _names(text: str, vendor: str, model: str) -> Iterator[str]:
    """A vendor stands at the margin, its devices are indented by one tab."""
    start = text.find(f"\n{vendor}  ")
    if start < 0 or not model:
        return
    for line in text[start + 1 :].splitlines()[1:]:
        if line and not line.startswith(("\t", "#")):
            return
        if line.startswith(f"\t{model}  "):
            yield line[len(model) + 1 :].strip()
