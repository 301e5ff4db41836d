"""The locks that the kernel lists, and a way to ask where it does not list all.

``/proc/locks`` tells who holds which lock, and reading it disturbs nobody. But below the first
namespace of processes, in a container, it leaves out the locks of processes elsewhere, and those
of which the process that took them has ended while a fork of it goes on. There a file is tried:
locked for an instant, as shared, so that others who try do not hinder each other.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from dlmagic.devices.leases.lockfile import READ, lock_now, unlock


@dataclass(frozen=True)
class KernelLock:
    """A lock on a file.

    Attributes:
        pid: Number of the process that took it; None where the kernel does not tell.
        exclusive: Whether nobody else can have one.
    """

    pid: int | None
    exclusive: bool


def locks_on(device: str | None, proc: Path = Path("/proc")) -> dict[int, tuple[KernelLock, ...]]:
    """The locks on files of a device, by the number of the file (inode).

    Args:
        device: As the kernel writes it, such as ``"fe:00"``; None where that is not known.
        proc: Where Linux tells about processes.
    """
    try:
        listed = (proc / "locks").read_text(errors="replace")
    except OSError:
        return {}
    found: defaultdict[int, tuple[KernelLock, ...]] = defaultdict(tuple)
    for line in listed.splitlines():
        # Such as "1: FLOCK  ADVISORY  WRITE 4711 fe:00:2146383 0 EOF"; who waits has an arrow.
        fields = line.split()
        if len(fields) < 6 or fields[1] != "FLOCK":
            continue
        on, _, inode = fields[5].rpartition(":")
        if on == device and inode.isdigit() and fields[4].isdigit():
            found[int(inode)] += (KernelLock(int(fields[4]) or None, fields[3] == "WRITE"),)
    return dict(found)


def is_locked(folder: int, name: str) -> bool:
    """Whether somebody has a file for himself; found by trying.

    Args:
        folder: Descriptor of the folder.
        name: Of the file.
    """
    try:
        file = os.open(name, READ, dir_fd=folder)
    except OSError:
        return False
    try:
        taken = lock_now(file, shared=True)
        if taken is True:
            unlock(file)
        return taken is False
    finally:
        os.close(file)
