"""What ``%gpus`` returns: the GPUs with who uses and holds them, and the machine around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dlmagic.devices.gpus.gpu import Gpu, GpuPart
from dlmagic.devices.gpus.owned import OwnedProcess
from dlmagic.devices.leases.values import Holding, Waiter
from dlmagic.devices.machine.host import Host
from dlmagic.devices.machine.wheels import Wheel
from dlmagic.devices.reading import Reason
from dlmagic.result import Result

_LABEL = 12  # characters: MIG-, and enough digits to tell instances of one machine apart


@dataclass(frozen=True, kw_only=True)
class PartInfo(GpuPart):
    """An instance of a GPU that is divided (MIG).

    Attributes:
        processes: Who uses it.
        free: Whether it may be taken.
        why: Why it may, or may not.
        held_by: Who has picked it; None for nobody.
        waiting: Who waits for it.
    """

    processes: tuple[OwnedProcess, ...] | Reason
    free: bool = False
    why: str = ""
    held_by: Holding | None = None
    waiting: tuple[Waiter, ...] = ()

    @property
    def label(self) -> str:
        """What to call it: the beginning of its UUID, or its numbers where that is not told."""
        if isinstance(self.uuid, str):
            return self.uuid[:_LABEL]
        return f"MIG {self.gpu_instance}/{self.compute_instance}"


@dataclass(frozen=True, kw_only=True)
class GpuInfo(Gpu):
    """One GPU; each field is a value, or the reason for none.

    Attributes:
        processes: Who uses it, and whose the processes are.
        parts: The instances of a GPU that is divided (MIG).
        doubts: Why processes may be missing from the list.
        free: Whether it may be taken: nobody uses or holds it, as far as can be known.
        why: Why it may, or may not.
        held_by: Who has picked it with ``%gpus pick``; None for nobody.
        waiting: Who waits for it.
        machine: The host that it is in, where those of several were read; else empty.
    """

    processes: tuple[OwnedProcess, ...] | Reason
    parts: tuple[PartInfo, ...] | Reason
    doubts: tuple[Reason, ...] = ()
    free: bool = False
    why: str = ""
    held_by: Holding | None = None
    waiting: tuple[Waiter, ...] = ()
    machine: str = ""

    @property
    def label(self) -> str:
        """What to call it: its number, or its place on the bus where it was not asked for one.

        Where GPUs of several hosts were read, the host's name stands before it: ``"node7:0"``.
        """
        known = (each for each in (self.index, self.bus_id) if not isinstance(each, Reason))
        number = str(next(known, "?"))
        return f"{self.machine}:{number}" if self.machine else number


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One host of a cluster, as one of its engines read it.

    Attributes:
        name: Of the host.
        ranks: The engines on it, by their places in the view.
        missing: One sentence why it has no GPU; empty where it has some.
        driver: Version of NVIDIA's driver.
        cuda: The newest CUDA that it runs.
        host: Processor, memory, linear algebra, and accelerators of other makers.
        frameworks: PyTorch, TensorFlow and JAX there, as far as installed.
        seconds: How long it took to read the GPUs.
    """

    name: str
    ranks: tuple[int, ...]
    missing: str = ""
    driver: str | Reason
    cuda: tuple[int, int] | Reason
    host: Host
    frameworks: tuple[Wheel, ...] = ()
    seconds: float


@dataclass(frozen=True, repr=False, kw_only=True)
class GpuReport(Result):
    """The devices of a machine, or of all hosts of a cluster, at one moment.

    Of several hosts, ``gpus`` has those of all; what else is said of a machine is that of rank 0's.

    Attributes:
        gpus: NVIDIA's, in the order of their driver; those asleep come last.
        missing: One sentence why there is none; empty where there are some.
        driver: Version of NVIDIA's driver.
        cuda: The newest CUDA that it runs, such as ``(12, 2)``.
        host: Processor, memory, linear algebra, and accelerators of other makers.
        frameworks: PyTorch, TensorFlow and JAX, as far as installed, and what they are built for.
        read_at: When the GPUs were read, in seconds since 1970.
        seconds: How long that took.
        machines: The hosts of the cluster that was asked, rank 0's first; empty for this machine
            alone.
    """

    view: ClassVar[str] = "dlmagic.magics.gpus.view"

    gpus: tuple[GpuInfo, ...] = ()
    missing: str = ""
    driver: str | Reason
    cuda: tuple[int, int] | Reason
    host: Host
    frameworks: tuple[Wheel, ...] = ()
    read_at: float
    seconds: float
    machines: tuple[Machine, ...] = ()

    @property
    def devices(self) -> tuple[GpuInfo | PartInfo, ...]:
        """What can be taken: GPUs, or the instances of those that are divided."""
        found: list[GpuInfo | PartInfo] = []
        for gpu in self.gpus:
            parts = gpu.parts if isinstance(gpu.parts, tuple) else ()
            found += parts or [gpu]
        return tuple(found)

    @property
    def free(self) -> tuple[GpuInfo | PartInfo, ...]:
        """Those of them that may be taken."""
        return tuple(each for each in self.devices if each.free)
