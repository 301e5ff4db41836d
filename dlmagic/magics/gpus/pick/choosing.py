"""Which GPUs to take: of those that suit, the ones with the most free memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from dlmagic.devices.cuda.device import CudaDevice
from dlmagic.devices.gpus.memory import SHARED
from dlmagic.devices.leases.values import Claim
from dlmagic.devices.machine.memory import read_memory
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import LOST, NOT_PERMITTED, RESET_REQUIRED
from dlmagic.display.units import data_size
from dlmagic.magics.gpus.request import PickRequest
from dlmagic.magics.gpus.result import GpuInfo, PartInfo

_LASTING = (LOST, NOT_PERMITTED, RESET_REQUIRED)
_ALIKE = 500_000_000  # bytes; idle GPUs of one model seldom have the same number of them free


@dataclass(frozen=True)
class Candidate:
    """A GPU, or an instance of one, that this process may use.

    Attributes:
        device: What CUDA calls a device.
        gpu: What is known of the GPU.
        part: What is known of the instance; None for the whole GPU.
        bar: Why it does not suit, whoever has a lease on it; empty where it does.
        vain: Whether to wait will not change that.
    """

    device: CudaDevice
    gpu: GpuInfo
    part: PartInfo | None
    bar: str = ""
    vain: bool = False

    @property
    def info(self) -> GpuInfo | PartInfo:
        """What is known of the instance, or else of the GPU."""
        return self.gpu if self.part is None else self.part

    @property
    def uuid(self) -> str:
        """Its UUID; empty where that is not told."""
        return "" if isinstance(self.device.uuid, Reason) else self.device.uuid

    @property
    def claim(self) -> Claim:
        """The lease to take on it."""
        whole = self.gpu.uuid
        parent = whole if self.part is not None and isinstance(whole, str) else None
        return Claim(self.uuid, parent)


def judged(device: CudaDevice, gpu: GpuInfo, request: PickRequest) -> Candidate:
    """A device with why it does not suit, if it does not."""
    part = _part_of(device, gpu)
    candidate = Candidate(device, gpu, part)
    for rule in (_nameless, _unusable, _too_small, _taken, _too_full, _too_busy):
        bar = rule(candidate, request)
        if bar:
            vain = rule in (_nameless, _unusable, _too_small)
            return Candidate(device, gpu, part, bar, vain)
    return candidate


def chosen(
    candidates: Iterable[Candidate], taken: Collection[str], count: int
) -> tuple[Candidate, ...] | None:
    """The best of those that suit, in the order of their numbers; None where they are too few.

    Args:
        candidates: What this process may use.
        taken: UUIDs of what others hold.
        count: How many are wanted.
    """
    suiting = [each for each in candidates if not each.bar and each.uuid not in taken]
    best = liked(suiting, count)[:count]
    return tuple(sorted(best, key=_number)) if len(best) == count else None


def liked(candidates: Iterable[Candidate], count: int) -> Sequence[Candidate]:
    """Those that are of use to somebody who wants so many, the best first.

    CUDA gives a process one instance at most: who wants more than one needs whole GPUs.
    """
    return sorted((each for each in candidates if count == 1 or each.part is None), key=_rank)


def _rank(candidate: Candidate) -> tuple[int, bool, int]:
    """The most free memory; then those without a screen; then the highest number.

    Programs that do not choose compute on the first GPU, so that is taken last.
    """
    free, people = candidate.info.memory_free, candidate.gpu.processes
    memory = 0 if isinstance(free, Reason) else free
    draws = isinstance(people, tuple) and any(not each.computes for each in people)
    return -round(memory / _ALIKE), draws, -_number(candidate)


def _number(candidate: Candidate) -> int:
    index = candidate.gpu.index
    return -1 if isinstance(index, Reason) else index


def _part_of(device: CudaDevice, gpu: GpuInfo) -> PartInfo | None:
    """What is known of the instance that a device is."""
    if device.part is None or isinstance(gpu.parts, Reason):
        return None
    return next((each for each in gpu.parts if each.uuid == device.part.uuid), None)


def _nameless(candidate: Candidate, _: PickRequest) -> str:
    uuid = candidate.device.uuid
    return f"its UUID is not told: {uuid}" if isinstance(uuid, Reason) else ""


def _unusable(candidate: Candidate, _: PickRequest) -> str:
    """What only an administrator, or a restart, can change."""
    gpu = candidate.gpu
    lost = gpu.trouble is not None and gpu.trouble.code in _LASTING
    return candidate.info.why if lost or gpu.compute_mode == "prohibited" else ""


def _too_small(candidate: Candidate, request: PickRequest) -> str:
    total = candidate.info.memory_total
    if isinstance(total, Reason) or total >= (request.min_free or 0):
        return ""
    return f"it has {data_size(total)} of memory in all"


def _taken(candidate: Candidate, _: PickRequest) -> str:
    return "" if candidate.info.free else candidate.info.why


def _too_full(candidate: Candidate, request: PickRequest) -> str:
    free = candidate.info.memory_free
    if request.min_free is None:
        return ""
    if free == SHARED:
        free = read_memory().available
    if isinstance(free, Reason):
        return f"how much of its memory is free is not known: {free}"
    return "" if free >= request.min_free else f"{data_size(free)} of its memory are free"


def _too_busy(candidate: Candidate, request: PickRequest) -> str:
    if request.max_utilization is None:
        return ""
    busy = candidate.gpu.utilization
    if isinstance(busy, Reason):
        return f"how busy it is is not known: {busy}"
    return "" if busy <= request.max_utilization else f"it is {busy} % busy"
