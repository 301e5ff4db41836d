"""What to write into ``CUDA_VISIBLE_DEVICES`` for GPUs that were chosen.

Numbers are what most programs expect there; some read nothing else. They are safe where CUDA,
told to count along the bus, and ``nvidia-smi`` count alike. UUIDs are safe always.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dlmagic.devices.cuda.container import CONTAINER, container_list
from dlmagic.devices.cuda.device import CudaDevice, forbidden, gpu_in_words
from dlmagic.devices.cuda.numbering import ALONG_THE_BUS, ORDER, Numbering, number_devices
from dlmagic.devices.cuda.visible import VARIABLE
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.reading import Reason

Form = Literal["index", "uuid"]

_NOTHING_CHOSEN = Reason("no GPU was chosen")
_SERVED = Reason("NVIDIA's multi-process service (MPS) is in use, which counts GPUs by itself")
_OTHER_ORDER = Reason(
    "NVIDIA's driver lists the GPUs in another order than they have on the bus, so that a number "
    "means one GPU in nvidia-smi and another in CUDA"
)


@dataclass(frozen=True)
class Naming:
    """How chosen devices are named to CUDA.

    Attributes:
        visible_devices: What ``CUDA_VISIBLE_DEVICES`` must be.
        form: ``"index"`` or ``"uuid"``.
        why: Why it is UUIDs that are written; None for numbers, and where UUIDs were wished.
        variables: All variables to be set, and their values.
    """

    visible_devices: str
    form: Form
    why: Reason | None
    variables: tuple[tuple[str, str], ...]


def name_devices(
    chosen: Sequence[CudaDevice],
    readings: GpuReadings,
    environment: Mapping[str, str] | None = None,
    wish: Form | None = None,
) -> Naming | Reason:
    """How to name devices to CUDA; or why that cannot be done as wished.

    Args:
        chosen: The devices, in the order that CUDA shall have them.
        readings: The GPUs.
        environment: Variables and values; None for those of this process.
        wish: The form that the user wants; None for numbers where they are safe.
    """
    environment = os.environ if environment is None else environment
    refused = next(_impossible(chosen), None)
    if refused is not None:
        return refused
    numbering = number_devices(readings, {ORDER: ALONG_THE_BUS})
    doubt = next(_doubts(chosen, readings, numbering, environment), None)
    if wish == "index" and doubt is not None:
        return Reason(f"a number could mean another GPU here: {doubt}; use UUIDs (--as uuid)")
    if wish == "uuid" or doubt is not None:
        return _by_uuid(chosen, None if wish == "uuid" else doubt)
    text = ",".join(str(numbering.devices.index(each)) for each in chosen)
    return Naming(text, "index", None, ((ORDER, ALONG_THE_BUS), (VARIABLE, text)))


def _by_uuid(chosen: Sequence[CudaDevice], why: Reason | None) -> Naming | Reason:
    uuids = [each.uuid for each in chosen]
    unknown = next((uuid for uuid in uuids if isinstance(uuid, Reason)), None)
    if unknown is not None:
        return Reason(f"the UUID of a chosen GPU is not known: {unknown}")
    text = ",".join(map(str, uuids))
    return Naming(text, "uuid", why, ((VARIABLE, text),))


def _impossible(chosen: Sequence[CudaDevice]) -> Iterator[Reason]:
    if not chosen:
        yield _NOTHING_CHOSEN
    for place, each in enumerate(chosen):
        if each in chosen[:place]:
            yield Reason(f"{each.words} was chosen twice, and CUDA would see none")
    if len(chosen) > 1 and any(each.part is not None for each in chosen):
        part = next(each for each in chosen if each.part is not None)
        yield Reason(f"CUDA gives a process one instance (MIG) alone: {part.words}, or the others")


def _doubts(
    chosen: Sequence[CudaDevice],
    readings: GpuReadings,
    numbering: Numbering,
    environment: Mapping[str, str],
) -> Iterator[Reason]:
    """Why numbers might be read in another way than they are meant."""
    order = environment.get(ORDER, ALONG_THE_BUS)
    if order != ALONG_THE_BUS:
        yield Reason(f"{ORDER} is set to {order}")
    if _served(readings, environment):
        yield _SERVED
    for gpu in readings.gpus:
        if gpu.divided is True:
            yield Reason(f"{gpu_in_words(gpu)} is divided (MIG)")
        if isinstance(gpu.capability, Reason) and not forbidden(gpu):
            yield Reason(f"whether {gpu_in_words(gpu)} runs CUDA is not known: {gpu.capability}")
    if numbering.doubt is not None:
        yield numbering.doubt
    listed = [each.gpu for each in numbering.devices]
    if listed != [gpu for gpu in readings.gpus if not forbidden(gpu)]:
        yield _OTHER_ORDER
    if not set(chosen) <= set(numbering.devices):
        yield Reason("CUDA does not count all of the chosen GPUs")
    if container_list(environment) and len(container_list(environment)) != len(listed):
        yield Reason(f"{CONTAINER}={environment[CONTAINER]} names others than are here")


def _served(readings: GpuReadings, environment: Mapping[str, str]) -> bool:
    """Whether NVIDIA's multi-process service stands between this process and the GPUs."""
    if environment.get("CUDA_MPS_PIPE_DIRECTORY"):
        return True
    lists = (gpu.processes for gpu in readings.gpus if not isinstance(gpu.processes, Reason))
    return any("M" in process.kinds for processes in lists for process in processes)
