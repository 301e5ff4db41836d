"""A process on a GPU together with whose it is."""

from __future__ import annotations

from dataclasses import dataclass

from dlmagic.devices.gpus.gpu import GpuProcess
from dlmagic.devices.gpus.owners import Owner, Whose
from dlmagic.devices.reading import Reason


@dataclass(frozen=True, kw_only=True)
class OwnedProcess(GpuProcess):
    """A process on a GPU, and whose it is.

    Attributes:
        user: Name of its user.
        command: Its command line, at most 500 characters.
        started: When it began, in seconds since 1970.
        whose: ``"this kernel"``, ``"mine"``, ``"other"``, or ``"unknown"``.
        rank: Its place in the view of a cluster that was asked; None where it is no engine of it.
    """

    user: str | Reason
    command: str | Reason
    started: float | Reason
    whose: Whose
    rank: int | None = None

    @classmethod
    def of(cls, process: GpuProcess, owner: Owner) -> OwnedProcess:
        """This process with this owner."""
        return cls(
            pid=process.pid,
            memory=process.memory,
            kinds=process.kinds,
            gpu_instance=process.gpu_instance,
            compute_instance=process.compute_instance,
            user=owner.user,
            command=owner.command,
            started=owner.started,
            whose=owner.whose,
        )

    @property
    def computes(self) -> bool:
        """Whether it computes, and does not only draw."""
        return self.kinds != ("G",)
