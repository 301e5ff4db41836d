"""The GPUs that this process was given by whoever started it; a pick never leaves them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dlmagic.devices.cuda.asked import ask_cuda
from dlmagic.devices.cuda.container import CONTAINER, container_list, given_to_the_container
from dlmagic.devices.cuda.device import CudaDevice, all_devices, bare
from dlmagic.devices.cuda.slurm import SlurmJob, slurm_job
from dlmagic.devices.cuda.visible import VARIABLE, Refused, Visible, visible_devices
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.reading import Reason

Ask = Callable[[Mapping[str, str]], tuple[str, ...] | Reason]


@dataclass(frozen=True)
class Allocation:
    """What this process may use.

    Attributes:
        devices: Whole GPUs and instances; position 3 of ``4,5,6,7`` is GPU 7.
        words: Where that comes from, in a sentence; empty where it may use the whole machine.
        refused: Entries of ``CUDA_VISIBLE_DEVICES`` that do not count.
        doubt: Why these may be others than CUDA means; None where they are known.
        nothing: Why there are none; None where there are some.
    """

    devices: tuple[CudaDevice, ...]
    words: str
    refused: tuple[Refused, ...] = ()
    doubt: Reason | None = None
    nothing: Reason | None = None


def read_allocation(
    readings: GpuReadings, environment: Mapping[str, str] | None = None, ask: Ask = ask_cuda
) -> Allocation:
    """What this process was given.

    Args:
        readings: The GPUs.
        environment: Variables and values; None for those of this process.
        ask: Asks CUDA in a child process, where its numbers cannot be told otherwise.
    """
    environment = os.environ if environment is None else environment
    visible = visible_devices(readings, environment)
    named, doubt = _settled(visible, readings, environment, ask)
    job = slurm_job(readings, environment)
    devices = named if job is None else tuple(each for each in named if each in job.devices)
    devices = given_to_the_container(devices, readings, environment)
    nothing = visible.nothing
    if nothing is None and job is not None and not devices:
        nothing = _contradiction(visible, job)
    words = _in_words(devices, visible, job, environment)
    return Allocation(devices, words, visible.refused, doubt, nothing)


def _settled(
    visible: Visible, readings: GpuReadings, environment: Mapping[str, str], ask: Ask
) -> tuple[tuple[CudaDevice, ...], Reason | None]:
    """The devices that a list names, without a doubt if CUDA tells them."""
    if visible.doubt is None or visible.setting is None:
        return visible.named, None
    found = ask(environment)
    if isinstance(found, Reason):
        return visible.named, visible.doubt
    known = {bare(str(each.uuid)): each for each in all_devices(readings)}
    if not set(found) <= set(known):
        return visible.named, visible.doubt
    return tuple(known[uuid] for uuid in found), None


def _contradiction(visible: Visible, job: SlurmJob) -> Reason:
    return Reason(
        f"{VARIABLE}={visible.setting} leaves none of the GPUs that {job.name} was given "
        f"({job.setting})"
    )


def _in_words(
    devices: Sequence[CudaDevice],
    visible: Visible,
    job: SlurmJob | None,
    environment: Mapping[str, str],
) -> str:
    given = " and ".join(each.words for each in devices) or "no GPU"
    setting = None if visible.setting is None else f"{VARIABLE}={visible.setting}"
    if job is not None and (setting or job.setting):
        return f"{job.name} was given {given} ({setting or job.setting})"
    if setting is not None:
        return f"{setting} leaves {given} to this process"
    if container_list(environment):
        return f"the container was given {given} ({CONTAINER}={environment[CONTAINER]})"
    return ""
