"""Who is on a GPU, as its driver lists them.

The driver has three lists: who computes, who draws, who computes through the multi-process
service. One process can be on several. The second form of the question is asked first: its
record has looked the same in all drivers and bindings, while that of the third form was another
one in the drivers 535.43 to 535.86, from which newer bindings read wrong numbers.
"""

from __future__ import annotations

from typing import Any

from dlmagic.devices.binding import Binding
from dlmagic.devices.gpus.gpu import GpuProcess
from dlmagic.devices.gpus.memory import NOT_TOLD
from dlmagic.devices.reading import Reason
from dlmagic.devices.refusal import NO_FUNCTION, TOO_SMALL

_LISTS = {"C": "Compute", "G": "Graphics", "M": "MPSCompute"}
_TRIES = 10  # the list may grow between the question for its length and the one for it
_NO_INSTANCE = 2**32 - 1
_NO_MEMORY = Reason("NVIDIA's driver does not tell the memory of single processes here")

Found = dict[tuple[int, int | None, int | None], GpuProcess]


def list_processes(
    binding: Binding, device: Any
) -> tuple[tuple[GpuProcess, ...] | Reason, tuple[Reason, ...]]:
    """Who is on a GPU; and for each list that cannot be had beside that, why.

    Without the list of those who compute there is none: who else is there says too little.
    """
    found: Found = {}
    missing: list[Reason] = []
    for kind in _LISTS:
        records = _records(binding, device, kind)
        if not isinstance(records, Reason):
            _add(found, records, kind)
        elif kind == "C":
            return records, ()
        elif records.code != NO_FUNCTION:  # where the driver has no such list, nobody is on it
            missing.append(records)
    return tuple(found.values()), tuple(missing)


def _records(binding: Binding, device: Any, kind: str) -> Any:
    stem = f"nvmlDeviceGet{_LISTS[kind]}RunningProcesses"
    for _ in range(_TRIES):
        found = binding.ask(f"{stem}_v2", f"{stem}_v3", of=(device,))
        if not (isinstance(found, Reason) and found.code == TOO_SMALL):
            break
    return found


def _add(found: Found, records: list[Any], kind: str) -> None:
    for record in records:
        instance = _instance(record.gpuInstanceId), _instance(record.computeInstanceId)
        key = (record.pid, *instance)
        before = found.get(key)
        kinds = (*before.kinds, kind) if before else (kind,)
        memory = _larger(_memory(record), before.memory if before else _NO_MEMORY)
        found[key] = GpuProcess(record.pid, memory, kinds, *instance)


def _memory(record: Any) -> int | Reason:
    told = record.usedGpuMemory
    return _NO_MEMORY if told is None or told == NOT_TOLD else int(told)


def _larger(one: int | Reason, other: int | Reason) -> int | Reason:
    """Each list tells all of a process's memory, or nothing of it."""
    if isinstance(one, Reason) or isinstance(other, Reason):
        return other if isinstance(one, Reason) else one
    return max(one, other)


def _instance(number: int) -> int | None:
    return None if number == _NO_INSTANCE else number
