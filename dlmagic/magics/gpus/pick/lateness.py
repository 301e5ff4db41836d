"""Whether it is too late to pick: CUDA reads its settings once, when it starts."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.devices.cuda.device import CudaDevice, all_devices, bare
from dlmagic.devices.cuda.state import CudaState, read_cuda_state
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.reading import Reason
from dlmagic.display.units import listed
from dlmagic.errors import TooLateError
from dlmagic.magics.gpus.inspection import inspected
from dlmagic.magics.gpus.leasing import without_leases
from dlmagic.magics.gpus.pick.choosing import Candidate, judged
from dlmagic.magics.gpus.request import PickRequest

_RESTART = "Restart the kernel, and run %gpus pick before anything uses CUDA"
_SPAWN = "Start such a child with multiprocessing.get_context('spawn'), or pick before the fork."


def refuse_if_late(request: PickRequest, reader: GpuReader) -> None:
    """Refuse where a pick would have no effect.

    Args:
        request: What is wanted.
        reader: Reads the GPUs, to tell which of them CUDA has.

    Raises:
        TooLateError: With the devices that CUDA has, and what to do.
    """
    state = read_cuda_state()
    if state.kind == "unusable":
        raise TooLateError(f"CUDA cannot be used in this process: {state.devices}.", _SPAWN)
    if state.too_late:
        raise TooLateError(*_message(request, state, reader.read()))


def started_by(state: CudaState) -> str:
    """``"CUDA was started in this process by PyTorch"``."""
    probably = "" if state.sure else ", probably"
    by = f"{probably} by {' or '.join(state.by)}" if state.by else ""
    return f"CUDA was started in this process{by}"


def _message(request: PickRequest, state: CudaState, readings: GpuReadings) -> tuple[str, str]:
    """What is so, and what to do."""
    late = "so that a pick would change nothing"
    if isinstance(state.devices, Reason):
        return f"{started_by(state)}, {late}; {state.devices}.", f"{_RESTART}."
    if not state.devices:
        return f"{started_by(state)} without any GPU, {late}.", f"{_RESTART}."
    known = {bare(str(each.uuid)): each for each in all_devices(readings)}
    devices = [known.get(uuid) for uuid in state.devices]
    has = listed((_named(place, device) for place, device in enumerate(devices)), most=16)
    usable = _usable(devices, readings, request)
    return f"{started_by(state)} with {has}, {late}.", _advice(request, usable)


def _named(place: int, device: CudaDevice | None) -> str:
    return f"cuda:{place}" if device is None else f"{device.words} as cuda:{place}"


def _usable(
    devices: Sequence[CudaDevice | None], readings: GpuReadings, request: PickRequest
) -> list[int]:
    """The numbers of those that could be picked, but for what this kernel does there itself."""
    infos = dict(zip(map(id, readings.gpus), inspected(readings, without_leases), strict=True))
    held = LeaseFolder().holding(str(each.uuid) for each in devices if each is not None)
    others = {uuid for uuid, holding in held.items() if not holding.mine}
    return [
        place
        for place, device in enumerate(devices)
        if device is not None
        and device.uuid not in others
        and _suits(judged(device, infos[id(device.gpu)], request))
    ]


def _suits(candidate: Candidate) -> bool:
    people = candidate.info.processes
    only_ours = isinstance(people, tuple) and {each.whose for each in people} == {"this kernel"}
    return not candidate.bar or (only_ours and not candidate.vain)


def _advice(request: PickRequest, usable: Sequence[int]) -> str:
    if len(usable) < request.count:
        return f"{_RESTART}."
    use = listed((f"cuda:{place}" for place in usable[: request.count]), most=16)
    free = "which is free but for this kernel" if request.count == 1 else "which are free"
    return f"Use {use}, {free}. For others: {_RESTART[:1].lower()}{_RESTART[1:]}."
