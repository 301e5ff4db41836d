"""Main memory as this process may use it, which in a container is less than there is."""

from __future__ import annotations

from dataclasses import dataclass

from dlmagic.devices.machine.cgroup import MemoryLimit, memory_limit
from dlmagic.devices.machine.roots import ROOTS, Roots


@dataclass(frozen=True)
class MachineMemory:
    """Bytes of main memory.

    Attributes:
        total: That this process may use.
        available: Of them, those that are left.
        present: Of the machine.
    """

    total: int
    available: int
    present: int


def read_memory(roots: Roots = ROOTS) -> MachineMemory:
    """The memory now."""
    import psutil

    memory = psutil.virtual_memory()
    present = int(memory.total)
    return MachineMemory(*_within(memory_limit(roots), present, int(memory.available)), present)


def _within(limit: MemoryLimit | None, total: int, available: int) -> tuple[int, int]:
    """What a limit leaves: no more than it allows, and no more than the machine has left."""
    if limit is None:
        return total, available
    left = max(0, limit.limit - limit.used)
    return min(total, limit.limit), min(available, left)
