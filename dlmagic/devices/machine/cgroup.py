"""Limits that a container or a batch system sets: control groups of Linux, second and first kind.

A limit holds for all groups below it, so the tightest on the way up counts. Inside a container
the way that the kernel names may begin outside of it; then the nearest folder that is there does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dlmagic.devices.machine.roots import ROOTS, Roots, read_word

_UNLIMITED = 2**62  # the first kind writes a number near 2^63 where there is no limit


@dataclass(frozen=True)
class MemoryLimit:
    """A limit of main memory.

    Attributes:
        limit: Bytes that may be used.
        used: Bytes in use; files that can be dropped at once do not count.
    """

    limit: int
    used: int


@dataclass(frozen=True)
class CoresLimit:
    """A limit of processor time.

    Attributes:
        cores: Cores' worth of time that may be used.
        used: Seconds of processor time that all in the group have used so far; None where the
            kernel does not count them.
    """

    cores: float
    used: float | None


def cores_quota(roots: Roots = ROOTS) -> float | None:
    """Cores' worth of time that this process may use; None without a limit."""
    limit = cores_limit(roots)
    return None if limit is None else limit.cores


def cores_limit(roots: Roots = ROOTS) -> CoresLimit | None:
    """The tightest limit of processor time; None without one."""
    found = [
        *(_second_cores(folder) for folder in _second_kind(roots)),
        *(_first_cores(folder) for folder in _first_kind(roots, "cpu")),
    ]
    limits = [each for each in found if each is not None]
    return min(limits, key=lambda each: each.cores, default=None)


def memory_limit(roots: Roots = ROOTS) -> MemoryLimit | None:
    """The limit that leaves the least; None without one."""
    found = [
        *(
            _memory(folder, "memory.max", "memory.current", "inactive_file")
            for folder in _second_kind(roots)
        ),
        *(
            _memory(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            for folder in _first_kind(roots, "memory")
        ),
    ]
    limits = [each for each in found if each is not None]
    return min(limits, key=lambda each: each.limit - each.used, default=None)


def _second_kind(roots: Roots) -> Iterator[Path]:
    """This process's group and those above it, in the hierarchy that is for all resources."""
    for hierarchy, way in _groups(roots):
        if not hierarchy:
            # Where both kinds are in use, the second has a folder of its own.
            yield from _upwards(roots.cgroup, way)
            yield from _upwards(roots.cgroup / "unified", way)


def _first_kind(roots: Roots, resource: str) -> Iterator[Path]:
    """This process's group and those above it, in the hierarchy of one resource."""
    for hierarchy, way in _groups(roots):
        if resource in hierarchy.split(","):
            yield from _upwards(roots.cgroup / resource, way)


def _groups(roots: Roots) -> Iterator[tuple[str, str]]:
    """Resources and way of each group that this process is in."""
    listed = read_word(roots.proc / "self" / "cgroup") or ""
    for line in listed.splitlines():
        _, _, rest = line.partition(":")
        resources, _, way = rest.partition(":")
        yield resources, way.strip("/")


def _upwards(top: Path, way: str) -> Iterator[Path]:
    folder = top / way
    yield folder
    while folder != top and top in folder.parents:
        folder = folder.parent
        yield folder


def _second_cores(folder: Path) -> CoresLimit | None:
    quota, _, period = (read_word(folder / "cpu.max") or "").partition(" ")
    microseconds = _stated(folder / "cpu.stat", "usage_usec")
    return _cores(quota, period, None if microseconds is None else microseconds / 1e6)


def _first_cores(folder: Path) -> CoresLimit | None:
    quota = read_word(folder / "cpu.cfs_quota_us") or ""
    # Processor time is counted by another controller, which is mounted at the same place.
    nanoseconds = read_word(folder / "cpuacct.usage") or ""
    used = int(nanoseconds) / 1e9 if nanoseconds.isdigit() else None
    return _cores(quota, read_word(folder / "cpu.cfs_period_us") or "", used)


def _cores(quota: str, period: str, used: float | None) -> CoresLimit | None:
    """Microseconds in a period of microseconds; ``max`` and -1 are no limit."""
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return CoresLimit(int(quota) / int(period), used)


def _memory(folder: Path, limit: str, usage: str, droppable: str) -> MemoryLimit | None:
    most, used = (read_word(folder / name) or "" for name in (limit, usage))
    if not most.isdigit() or int(most) >= _UNLIMITED:
        return None
    in_use = int(used) if used.isdigit() else 0
    dropped = _stated(folder / "memory.stat", droppable) or 0
    return MemoryLimit(int(most), max(0, in_use - dropped))


def _stated(file: Path, name: str) -> int | None:
    """A number that a file gives after its name; None where it does not."""
    for line in (read_word(file) or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return None
