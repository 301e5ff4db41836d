"""What was read of the GPUs, at one moment. Each field is a value, or the reason for none."""

from __future__ import annotations

from dataclasses import dataclass, fields

from dlmagic.devices.reading import Reason


@dataclass(frozen=True)
class GpuProcess:
    """A process on a GPU.

    Attributes:
        pid: Its number, as the driver gives it.
        memory: Bytes that it holds there.
        kinds: What it does there: ``"C"`` computes, ``"G"`` draws, ``"M"`` computes through
            NVIDIA's multi-process service.
        gpu_instance: Number of the GPU instance that it uses; None if the GPU is not divided.
        compute_instance: Number of the compute instance in it.
    """

    pid: int
    memory: int | Reason
    kinds: tuple[str, ...] = ("C",)
    gpu_instance: int | None = None
    compute_instance: int | None = None


@dataclass(frozen=True)
class GpuPart:
    """An instance of a GPU that is divided (MIG).

    Attributes:
        uuid: What ``CUDA_VISIBLE_DEVICES`` wants to be given, ``MIG-…``.
        name: Such as ``"NVIDIA H100 80GB HBM3 MIG 1g.10gb"``.
        gpu_instance: Number of the GPU instance.
        compute_instance: Number of the compute instance in it.
        memory_total: Bytes.
        memory_used: Bytes.
        memory_free: Bytes.
    """

    uuid: str | Reason
    name: str | Reason
    gpu_instance: int | Reason
    compute_instance: int | Reason
    memory_total: int | Reason
    memory_used: int | Reason
    memory_free: int | Reason


@dataclass(frozen=True)
class Gpu:
    """One GPU.

    Attributes:
        index: Its number in NVML's order, which need not be CUDA's.
        uuid: ``GPU-…``; stays the same over restarts.
        name: Of the model.
        bus_id: Its place on the PCI bus, such as ``"0000:3b:00.0"``.
        capability: CUDA's compute capability, such as ``(9, 0)``.
        memory_total: Bytes.
        memory_used: Bytes, by whomever.
        memory_free: Bytes.
        memory_reserved: Bytes that the driver keeps; without them in ``memory_used`` where the
            driver tells both.
        utilization: Percent of the last moment in which something ran on it; 0 is not unused.
        temperature: Degrees Celsius.
        power: Watts.
        power_limit: Watts that it may take.
        compute_mode: ``"default"``, ``"exclusive process"``, ``"exclusive thread"`` or
            ``"prohibited"``.
        persistence: Whether the driver stays loaded when nobody uses it.
        divided: Whether it is divided into instances (MIG mode).
        parts: The instances.
        throttling: What slows it down, such as ``"power limit"``.
        processes: Who uses it; see :mod:`dlmagic.devices.gpus.trust` for who may be missing.
        unlisted: Why processes of some kind are missing from ``processes``.
        trouble: Why it cannot be used at all: lost, refused, silent; None where nothing is known
            to be wrong.
        asleep: Whether it is switched off to save power; it was not woken to be read.
    """

    index: int | Reason
    uuid: str | Reason
    name: str | Reason
    bus_id: str | Reason
    capability: tuple[int, int] | Reason
    memory_total: int | Reason
    memory_used: int | Reason
    memory_free: int | Reason
    memory_reserved: int | Reason
    utilization: int | Reason
    temperature: int | Reason
    power: float | Reason
    power_limit: float | Reason
    compute_mode: str | Reason
    persistence: bool | Reason
    divided: bool | Reason
    parts: tuple[GpuPart, ...] | Reason
    throttling: tuple[str, ...] | Reason
    processes: tuple[GpuProcess, ...] | Reason
    unlisted: tuple[Reason, ...] = ()
    trouble: Reason | None = None
    asleep: bool = False

    @classmethod
    def unread(cls, index: int | Reason, why: Reason, **known: str | bool) -> Gpu:
        """A GPU of which nothing can be read, or nothing but what is known of it.

        Args:
            index: Its number, or why it has none.
            why: The reason, for every field.
            known: Fields that are known all the same.
        """
        unknown = {each.name: why for each in fields(cls) if each.name not in _STATES}
        values = {**unknown, "index": index, "trouble": why, **known}
        return cls(**values)  # type: ignore[arg-type]


@dataclass(frozen=True)
class GpuReadings:
    """All GPUs at one moment.

    Attributes:
        gpus: In the order of NVML; those asleep come last.
        driver: Version of NVIDIA's driver.
        cuda: The newest CUDA that this driver runs, such as ``(12, 2)``.
        missing: Why there are none; None where there are some.
        read_at: When, in seconds since 1970.
        seconds: How long it took.
    """

    gpus: tuple[Gpu, ...]
    driver: str | Reason
    cuda: tuple[int, int] | Reason
    missing: Reason | None
    read_at: float
    seconds: float


_STATES = ("unlisted", "trouble", "asleep")
