"""How far the list of a GPU's processes can be believed.

A driver in a container tells only the processes of that container, or, an older one, the numbers
that processes have outside of it. Memory in use is told by all drivers, whoever holds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dlmagic.devices.gpus.gpu import Gpu
from dlmagic.devices.reading import Reason

_FIRST_NAMESPACE = 4026531836  # the number that Linux gives the namespace that it starts with
_CONTAINER = Reason("this is a container: processes outside of it are not listed")
_UNKNOWN = Reason("whether this is a container is not known: others' processes may be missing")
_WINDOWS = Reason("below Windows (WSL) NVIDIA's driver lists no processes of others")
_DIVIDED = Reason("the GPU is divided (MIG): who may not see an instance does not see who is on it")


@dataclass(frozen=True)
class Surroundings:
    """Where this process runs.

    Attributes:
        first_namespace: Whether it sees all processes of the machine; None where that is not told.
        wsl: Whether it runs in Linux below Windows.
    """

    first_namespace: bool | None
    wsl: bool


def read_surroundings(proc: Path = Path("/proc")) -> Surroundings:
    """Where this process runs, as Linux tells it."""
    return Surroundings(_first_namespace(proc), _wsl(proc))


def doubts(gpu: Gpu, surroundings: Surroundings) -> tuple[Reason, ...]:
    """Why processes may be missing from a GPU's list; empty where it can be believed."""
    return tuple(_doubts(gpu, surroundings))


def unexplained_memory(gpu: Gpu) -> int | Reason:
    """Bytes in use on a GPU that none of its listed processes holds.

    Some hundred megabytes belong to the driver, above all where it counts what it reserves as
    used; more is a process that is not listed.
    """
    if isinstance(gpu.memory_used, Reason):
        return gpu.memory_used
    if isinstance(gpu.processes, Reason):
        return gpu.memory_used
    explained = 0
    for process in gpu.processes:
        if isinstance(process.memory, Reason):
            return process.memory
        explained += process.memory
    return max(0, gpu.memory_used - explained)


def _doubts(gpu: Gpu, surroundings: Surroundings) -> Iterator[Reason]:
    if isinstance(gpu.processes, Reason):
        yield gpu.processes
    yield from gpu.unlisted
    if surroundings.wsl:
        yield _WINDOWS
    elif surroundings.first_namespace is None:
        yield _UNKNOWN
    elif not surroundings.first_namespace:
        yield _CONTAINER
    if gpu.divided is True:
        yield _DIVIDED


def _first_namespace(proc: Path) -> bool | None:
    try:
        # A link whose text is such as pid:[4026531836].
        name = (proc / "self" / "ns" / "pid").readlink().name
    except OSError:
        return None
    return name == f"pid:[{_FIRST_NAMESPACE}]"


def _wsl(proc: Path) -> bool:
    try:
        return "microsoft" in (proc / "version").read_text(errors="replace").lower()
    except OSError:
        return False
