"""Where Linux tells about a machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Roots:
    """The folders that the kernel fills.

    Attributes:
        proc: Processes and the machine.
        cgroup: Limits of containers and batch systems.
        sys: Devices.
        dev: Device files.
        share: Data of installed programs, among them names of devices.
    """

    proc: Path = Path("/proc")
    cgroup: Path = Path("/sys/fs/cgroup")
    sys: Path = Path("/sys")
    dev: Path = Path("/dev")
    share: Path = Path("/usr/share")


ROOTS = Roots()
"""Of this machine."""


def read_word(file: Path) -> str | None:
    """What a file of one line says; None where it is not there or may not be read."""
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return None
