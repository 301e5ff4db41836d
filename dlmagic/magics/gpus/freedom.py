"""Whether a GPU may be taken, and why: the one place with the rules.

What is not known counts as taken. A list of processes may leave out those of other containers and
users, but memory in use is told by all drivers: where nobody visible owns it, somebody does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlmagic.devices.gpus.memory import SHARED
from dlmagic.devices.gpus.owned import OwnedProcess
from dlmagic.devices.gpus.trust import unexplained_memory
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NOT_SUPPORTED
from dlmagic.display.units import data_size, listed, plural
from dlmagic.magics.gpus.result import GpuInfo, PartInfo

UNSEEN_BYTES = 64_000_000
"""What an idle GPU may use where processes may be missing from its list. Drivers show some
megabytes; whoever computes holds more than this, above all the code of CUDA itself."""

DRIVERS_BYTES = 500_000_000
"""The same where all processes are listed: the driver keeps memory for screens and for itself."""

BUSY_PERCENT = 10
"""Who is this busy is at work, even if nobody is seen."""


@dataclass(frozen=True)
class Verdict:
    """Whether a device may be taken.

    Attributes:
        free: Whether.
        why: A clause without a full stop.
    """

    free: bool
    why: str


def verdict_on(gpu: GpuInfo) -> Verdict:
    """Whether a GPU may be taken; its fields ``free`` and ``why`` are not looked at."""
    rules = (_unusable, _divided, _held, _unknown, _occupied, _unseen)
    found = (rule(gpu) for rule in rules)
    bar = next((words for words in found if words), "")
    return Verdict(not bar, bar or _welcome(gpu))


def verdict_on_part(part: PartInfo, gpu: GpuInfo) -> Verdict:
    """Whether an instance of a divided GPU may be taken."""
    bar = (
        _unusable(gpu)
        or _nameless(part)
        or _whole_is_held(gpu)
        or _held(part)
        or _unknown(part)
        or _occupied(part)
        or _hidden(part, _unexplained_in(part), UNSEEN_BYTES)
    )
    return Verdict(not bar, bar or _welcome(part))


def _unusable(gpu: GpuInfo) -> str:
    if gpu.asleep:
        return "it sleeps to save power, and was not woken to be asked"
    if gpu.trouble is not None:
        return str(gpu.trouble)
    if gpu.compute_mode == "prohibited":
        return "nobody may compute on it: its compute mode is prohibited"
    if isinstance(gpu.compute_mode, Reason) and gpu.compute_mode.code != NOT_SUPPORTED:
        return f"its compute mode is not known: {gpu.compute_mode}"
    return ""


def _divided(gpu: GpuInfo) -> str:
    if isinstance(gpu.divided, Reason):
        return f"whether it is divided (MIG) is not known: {gpu.divided}"
    if not gpu.divided:
        return ""
    if isinstance(gpu.parts, Reason):
        return f"it is divided (MIG), and its instances cannot be listed: {gpu.parts}"
    if not gpu.parts:
        return "it is divided (MIG), but has no instance to compute on"
    return f"it is divided (MIG) into {plural(len(gpu.parts), 'instance')}"


def _nameless(part: PartInfo) -> str:
    return f"it cannot be named: {part.uuid}" if isinstance(part.uuid, Reason) else ""


def _held(device: GpuInfo | PartInfo) -> str:
    holder = device.held_by
    if holder is None or holder.mine or holder.rank is not None:
        return ""
    what = "an instance of it" if holder.part else "it"
    return f"{holder.who} has picked {what}{_queue(device)}"


def _whole_is_held(gpu: GpuInfo) -> str:
    """For an instance: whether somebody has the GPU as a whole, and not only other instances."""
    return _held(gpu) if gpu.held_by is not None and not gpu.held_by.part else ""


def _queue(device: GpuInfo | PartInfo) -> str:
    return f"; {len(device.waiting)} waiting" if device.waiting else ""


def _unknown(device: GpuInfo | PartInfo) -> str:
    """What must be known to call it free, and is not."""
    if isinstance(device.processes, Reason):
        return f"who uses it is not known: {device.processes}"
    if isinstance(device.memory_used, Reason) and device.memory_used != SHARED:
        return f"how much of its memory is in use is not known: {device.memory_used}"
    return ""


def _occupied(device: GpuInfo | PartInfo) -> str:
    """Who computes on it. To draw keeps nobody from computing, unless the mode is exclusive."""
    computing = [each for each in _on(device) if each.computes]
    people = _on(device) if _is_exclusive(device) else computing
    if not people:
        return ""
    words = f"{_whose(people)} {'computes' if len(people) == 1 else 'compute'} on it"
    return f"{words}, and its mode is exclusive" if _is_exclusive(device) else words


def _is_exclusive(device: GpuInfo | PartInfo) -> bool:
    return isinstance(device, GpuInfo) and str(device.compute_mode).startswith("exclusive")


def _on(device: GpuInfo | PartInfo) -> tuple[OwnedProcess, ...]:
    return device.processes if isinstance(device.processes, tuple) else ()


def _whose(people: Sequence[OwnedProcess]) -> str:
    """``"this kernel"``, ``"anna"``, ``"rank 1"``, ``"3 processes of anna and you"``."""
    if len(people) == 1:
        return _rank(people[0]) or _SINGLE.get(people[0].whose) or _user(people[0])
    names = (_rank(each) or _SEVERAL.get(each.whose) or _user(each) for each in people)
    return f"{len(people):,} processes of {listed(names, most=3)}"


_SINGLE = {"this kernel": "this kernel", "mine": "another process of yours"}
_SEVERAL = {"this kernel": "this kernel", "mine": "you"}


def _rank(person: OwnedProcess) -> str:
    return "" if person.rank is None else f"rank {person.rank}"


def _user(person: OwnedProcess) -> str:
    return "somebody" if isinstance(person.user, Reason) else person.user


def _unseen(gpu: GpuInfo) -> str:
    """Signs of somebody who is not listed."""
    most = UNSEEN_BYTES if gpu.doubts else DRIVERS_BYTES
    return _hidden(gpu, unexplained_memory(gpu), most) or _busy(gpu)


def _hidden(device: GpuInfo | PartInfo, memory: int | Reason, most: int) -> str:
    if isinstance(memory, Reason):
        doubts = device.doubts if isinstance(device, GpuInfo) else ()
        if memory == SHARED and not doubts:
            return ""
        return f"whose its memory is cannot be told: {memory}"
    if memory <= most:
        return ""
    return f"{data_size(memory)} are in use by nobody who can be seen from here"


def _busy(gpu: GpuInfo) -> str:
    if isinstance(gpu.utilization, Reason) or gpu.utilization < BUSY_PERCENT:
        return ""
    return f"it is {gpu.utilization} % busy, and nobody who computes on it can be seen"


def _unexplained_in(part: PartInfo) -> int | Reason:
    """The same for an instance: bytes in use that none of its processes holds."""
    if isinstance(part.memory_used, Reason):
        return part.memory_used
    memories = [each.memory for each in _on(part)]
    told = [memory for memory in memories if not isinstance(memory, Reason)]
    if len(told) < len(memories):
        return next(memory for memory in memories if isinstance(memory, Reason))
    return max(0, part.memory_used - sum(told))


def _welcome(device: GpuInfo | PartInfo) -> str:
    if device.held_by is not None:
        rank = device.held_by.rank
        who = "this kernel" if rank is None else f"rank {rank}"
        return f"{who} has picked it{_queue(device)}"
    drawing = _on(device)
    return f"only used to draw, by {_whose(drawing)}" if drawing else "nobody is on it"
