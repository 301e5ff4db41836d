"""What a framework can tell about a cell beside its time; each is a protocol of its own.

An adapter that cannot tell leaves the protocol out, or gives a
:class:`~dlmagic.devices.reading.Reason`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from dlmagic.devices.reading import Reason
from dlmagic.frameworks.protocol import CellLike


@dataclass(frozen=True)
class Operation:
    """One product or convolution that a cell computes.

    A multiply-add counts as two floating point operations (FLOPs).

    Attributes:
        dtype: Of its operands, such as ``"float32"``.
        device: Where it runs, such as ``"cpu"`` or ``"cuda:0"``.
        flops: How many FLOPs it takes.
        bytes_moved: Bytes of the operands that it reads and of the results that it writes.
    """

    dtype: str
    device: str
    flops: float
    bytes_moved: float


@dataclass
class OperationCount:
    """All products and convolutions of one call of a cell.

    Attributes:
        operations: How often each occurs.
    """

    operations: Counter[Operation] = field(default_factory=Counter)

    def add(self, operation: Operation, times: int = 1) -> None:
        """Count one more."""
        self.operations[operation] += times

    @property
    def flops(self) -> float:
        """FLOPs of all of them together."""
        return sum(each.flops * times for each, times in self.operations.items())

    @property
    def bytes_moved(self) -> float:
        """Bytes that all of them together read and write."""
        return sum(each.bytes_moved * times for each, times in self.operations.items())


@runtime_checkable
class CountsOperations(Protocol):
    """A framework that can count what a cell computes, without running a compiled mode."""

    def count_operations(
        self,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],
    ) -> OperationCount | Reason:
        """Count the products and convolutions of one call; the caller restores the state.

        Args:
            cell: The compiled cell.
            arguments: The values of its parameters, by name.
            run_once: Runs the cell once as the reference does and puts all state back.

        Raises:
            Exception: What the cell raises where it does not bear being counted.
        """


@runtime_checkable
class HasRoofline(Protocol):
    """A framework in which the limits of a device can be measured."""

    def matrix_product(self, size: int, dtype: str, device: str) -> Callable[[], object]:
        """A function that multiplies two square matrices with so many rows.

        Its result is to be handed to :meth:`Framework.synchronise`.

        Raises:
            Exception: The device cannot do that.
        """

    def memory_traffic(self, size: int, device: str) -> Mapping[int, Callable[[], object]]:
        """Functions that go through so many bytes, by the bytes that they read and write."""


@dataclass(frozen=True)
class DevicePeak:
    """What an allocator of a device had in use at most, above what was in use before.

    Attributes:
        allocated: Bytes in use by values.
        reserved: Bytes that the allocator took from the device for that; None where unknown.
        source: Whose count it is, such as ``"CUDA allocator"``.
        of_host: Whether it is main memory, which others take from as well.
    """

    allocated: int
    reserved: int | None
    source: str
    of_host: bool = False


@runtime_checkable
class HasDeviceMemory(Protocol):
    """A framework whose devices have an allocator that keeps count."""

    def watch_device_memory(self) -> Callable[[], DevicePeak | Reason] | None:
        """Begin to watch; the result ends it and tells. None where no such device is in use."""


@runtime_checkable
class FlushesCaches(Protocol):
    """A framework that can fill the caches of its devices with other data."""

    def cache_flusher(self) -> Callable[[], object] | None:
        """A function that does so and waits for it; None where no such device is in use."""


@runtime_checkable
class UsesGpus(Protocol):
    """A framework that knows which GPUs it computes on."""

    def gpus_in_use(self) -> Sequence[str] | None:
        """Their UUIDs; empty for none, None for those that NVML lists."""
