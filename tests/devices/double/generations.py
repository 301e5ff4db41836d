"""Generations of the driver: which functions a library lacks, and how it lays out its records.

Numbers are those of the drivers in which a function, or another layout, first came.
"""

from __future__ import annotations

from dataclasses import dataclass

_LISTS = ("Compute", "Graphics", "MPSCompute")
_DIVIDED = (
    "nvmlDeviceGetMigMode",
    "nvmlDeviceGetMaxMigDeviceCount",
    "nvmlDeviceGetMigDeviceHandleByIndex",
    "nvmlDeviceIsMigDeviceHandle",
    "nvmlDeviceGetDeviceHandleFromMigDeviceHandle",
    "nvmlDeviceGetGpuInstanceId",
    "nvmlDeviceGetComputeInstanceId",
    "nvmlDeviceGetAttributes_v2",
)
_SINCE_450 = (*_DIVIDED, *(f"nvmlDeviceGet{kind}RunningProcesses_v2" for kind in _LISTS[:2]))
_SINCE_470 = tuple(f"nvmlDeviceGetMPSComputeRunningProcesses{end}" for end in ("", "_v2"))
_SINCE_510 = (
    "nvmlDeviceGetMemoryInfo_v2",
    *(f"nvmlDeviceGet{kind}RunningProcesses_v3" for kind in _LISTS),
)
_SINCE_535 = ("nvmlDeviceGetCurrentClocksEventReasons",)
_SINCE_580 = ("nvmlDeviceGetTemperatureV",)


@dataclass(frozen=True)
class Generation:
    """How the libraries of some drivers look.

    Attributes:
        driver: A version with this look.
        cuda: The newest CUDA that it runs, as the driver writes it.
        lacks: Functions that it does not have.
        third_list: Bytes of a record in the third form of the lists of processes.
        garbled: Whether names are no valid UTF-8.
        opens_memory: Whether NVML opens the device file for managed memory, as CUDA does; seen with
            580.159.
    """

    driver: str
    cuda: int
    lacks: tuple[str, ...] = ()
    third_list: int = 24
    garbled: bool = False
    opens_memory: bool = False


GENERATIONS = {
    "430": Generation(
        "430.64", 10010, (*_SINCE_450, *_SINCE_470, *_SINCE_510, *_SINCE_535, *_SINCE_580)
    ),
    "450": Generation("450.248.02", 11000, (*_SINCE_470, *_SINCE_510, *_SINCE_535, *_SINCE_580)),
    "470": Generation("470.256.02", 11040, (*_SINCE_510, *_SINCE_535, *_SINCE_580)),
    "510": Generation("510.108.03", 11060, (*_SINCE_535, *_SINCE_580)),
    "535.54": Generation("535.54.03", 12020, _SINCE_580, third_list=32),
    "535.104": Generation("535.104.12", 12020, _SINCE_580),
    "555": Generation("555.85", 12050, _SINCE_580, garbled=True),
    "580": Generation("580.65.06", 13000, opens_memory=True),
    "610": Generation("610.43.02", 13030, opens_memory=True),
}
"""By the name that scenarios use."""
