"""What concerns no single GPU: the driver, its CUDA, and how many GPUs it counts."""

from __future__ import annotations

from dataclasses import dataclass

from dlmagic.devices.binding import Binding
from dlmagic.devices.reading import Reason


@dataclass(frozen=True)
class System:
    """The driver as a whole.

    Attributes:
        driver: Its version.
        cuda: The newest CUDA that it runs.
        count: How many GPUs it counts, also those that may not be read here.
        refused: Why its library cannot be used; None if it can.
    """

    driver: str | Reason
    cuda: tuple[int, int] | Reason
    count: int = 0
    refused: Reason | None = None

    @classmethod
    def refusing(cls, why: Reason) -> System:
        """Of which nothing is known, for this reason."""
        return cls(why, why, refused=why)

    @classmethod
    def asleep(cls, why: Reason) -> System:
        """That was not asked, because all GPUs sleep."""
        return cls(why, why)


def read_system(binding: Binding) -> System:
    """Start the library where it is not, and ask."""
    refused = binding.start()
    if refused is not None:
        return System.refusing(refused)
    driver = binding.text("nvmlSystemGetDriverVersion")
    cuda = _cuda(binding)
    count = binding.ask("nvmlDeviceGetCount")
    if isinstance(count, Reason):
        return System(driver, cuda, refused=count)
    return System(driver, cuda, count)


def _cuda(binding: Binding) -> tuple[int, int] | Reason:
    """NVML writes version 12.2 as 12020."""
    found = binding.ask("nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion")
    if isinstance(found, Reason):
        return found
    return found // 1000, found % 1000 // 10
