"""What a machine consists of, and how a line of the state file says it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

GIB = 2**30


@dataclass(frozen=True)
class Process:
    """Someone on a GPU: the letters of `kind` are compute, graphics and MPS."""

    pid: int
    memory: int = GIB
    kind: str = "C"
    gi: int = -1
    ci: int = -1


@dataclass(frozen=True)
class Part:
    """An instance of a GPU that is divided (MIG)."""

    uuid: str
    gi: int
    ci: int = 0
    slot: int = 0
    total: int = 10 * GIB
    used: int = 0
    name: str | bytes = "NVIDIA H100 MIG 1g.10gb"


@dataclass(frozen=True)
class Board:
    """A GPU; power is in milliwatts and energy in millijoules, as NVML has them.

    Without `uuid` and `bus` it gets those of its place.
    """

    uuid: str = ""
    bus: str = ""
    name: str | bytes = "NVIDIA H100 80GB HBM3"
    total: int = 80 * GIB
    used: int = 0
    reserved: int = 512 * 2**20
    utilization: int = 0
    memory_utilization: int = 0
    temperature: int = 35
    power: int = 70_000
    limit: int = 700_000
    energy: int = 1_000_000
    throttle: int = 1
    compute_mode: int = 0
    persistence: int = 1
    mig: int = 0
    major: int = 9
    minor: int = 0
    speed: int = 0
    hidden: int = 0
    unified: int = 0
    processes: tuple[Process, ...] = ()
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Fault:
    """What a function does instead of answering: see :meth:`Machine.break_down`."""

    id: int
    function: str
    gpu: int
    code: int
    hang: int
    after: int
    times: int


@dataclass(frozen=True)
class Call:
    """One call, at a moment of a monotonic clock in microseconds; GPU -1 is the library."""

    pid: int
    function: str
    gpu: int
    microseconds: int


def written(item: Any) -> str:
    plain = {each.name: getattr(item, each.name) for each in fields(item)}
    if "name" in plain:
        name = plain["name"]
        plain["name"] = (name.encode() if isinstance(name, str) else name).hex()
    return " ".join(f"{key}={value}" for key, value in plain.items() if not _is_list(value))


def _is_list(value: object) -> bool:
    return isinstance(value, tuple)
