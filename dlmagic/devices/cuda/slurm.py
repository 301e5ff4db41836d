"""Which GPUs Slurm gave to this job.

``GPU_DEVICE_ORDINAL`` is what Slurm wrote into ``CUDA_VISIBLE_DEVICES``; ``SLURM_STEP_GPUS`` and
``SLURM_JOB_GPUS`` count the GPUs of the whole node, also where the job sees no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.devices.cuda.device import CudaDevice, all_devices, forbidden
from dlmagic.devices.cuda.entries import entries_of
from dlmagic.devices.cuda.numbering import number_devices
from dlmagic.devices.cuda.visible import read_list
from dlmagic.devices.gpus.gpu import GpuReadings

_AS_CUDA_COUNTS = "GPU_DEVICE_ORDINAL"
_VARIABLES = (_AS_CUDA_COUNTS, "SLURM_STEP_GPUS", "SLURM_JOB_GPUS")


@dataclass(frozen=True)
class SlurmJob:
    """A job of Slurm's that this process runs in.

    Attributes:
        name: ``"Slurm job 4711"``.
        setting: The variable that names its GPUs, such as ``"SLURM_JOB_GPUS=4,5"``; empty where
            Slurm names none.
        devices: What it was given.
    """

    name: str
    setting: str
    devices: tuple[CudaDevice, ...]


def slurm_job(readings: GpuReadings, environment: Mapping[str, str]) -> SlurmJob | None:
    """The job, or None outside of Slurm."""
    number = environment.get("SLURM_JOB_ID")
    if not number:
        return None
    name, devices = f"Slurm job {number}", all_devices(readings)
    variable = next((each for each in _VARIABLES if environment.get(each)), None)
    if variable is None:
        return SlurmJob(name, "", devices)
    setting = environment[variable]
    if variable == _AS_CUDA_COUNTS:
        devices = read_list(setting, number_devices(readings, environment), readings).named
    else:
        devices = _of_the_node(setting, readings)
    return SlurmJob(name, f"{variable}={setting}", devices)


def _of_the_node(setting: str, readings: GpuReadings) -> tuple[CudaDevice, ...]:
    """GPUs by their numbers on the node; all, where the job sees no others anyway.

    Where GPUs are divided (MIG), Slurm counts their instances in an order of its own.
    """
    devices = all_devices(readings)
    numbers = {entry.number for entry in entries_of(setting)}
    limited = any(forbidden(gpu) or gpu.divided is True for gpu in readings.gpus)
    if not limited and numbers <= {gpu.index for gpu in readings.gpus}:
        return tuple(each for each in devices if each.gpu.index in numbers)
    return devices
