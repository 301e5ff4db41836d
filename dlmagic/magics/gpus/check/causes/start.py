"""CUDA does not start, and nothing else tells why: what the code of ``cuInit`` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dlmagic.magics.gpus.check.evidence import Machine
from dlmagic.magics.gpus.check.result import Cause

_LOOK = "sudo dmesg | grep -iE 'nvrm|xid|nvidia'"
_RELOAD = "sudo rmmod nvidia_uvm && sudo modprobe nvidia_uvm"


@dataclass(frozen=True)
class _Meaning:
    kind: str
    message: str
    remedy: str
    command: str


_MEANINGS: Mapping[int, _Meaning] = {
    2: _Meaning(
        "no-memory-to-start",
        "CUDA does not start because the memory of the machine or of the GPU is full.",
        "See who fills it, and end what is yours.",
        "nvidia-smi",
    ),
    3: _Meaning(
        "not-initialised",
        "CUDA says that it was not started, as after a fork of a process that used it.",
        "Restart the kernel.",
        "import os; os._exit(0)  # in a cell: restarts the kernel",
    ),
    46: _Meaning(
        "device-unavailable",
        "CUDA says that the GPU is busy with another program, or closed.",
        "See who holds it, and in which compute mode it is.",
        "nvidia-smi -q -d COMPUTE",
    ),
    100: _Meaning(
        "no-device",
        "CUDA starts and finds no GPU, though there are signs of one.",
        "See what the kernel says about it.",
        _LOOK,
    ),
    101: _Meaning(
        "invalid-device",
        "CUDA says that the GPU cannot be used, or its licence is missing (vGPU).",
        "See the state of the GPU and of its licence.",
        "nvidia-smi -q | grep -iA2 license",
    ),
    304: _Meaning(
        "system-refuses",
        "The operating system refuses what CUDA needs to start, often a device file.",
        "See whether all device files can be read and written.",
        "ls -l /dev/nvidia*",
    ),
    802: _Meaning(
        "fabric-manager",
        "The GPUs are joined by NVSwitch, and the service that sets that up is not running.",
        "Start NVIDIA's fabric manager, of the same version as the driver.",
        "sudo systemctl enable --now nvidia-fabricmanager",
    ),
    999: _Meaning(
        "after-suspend",
        "CUDA meets an unknown error, as after the machine has slept: the module for its memory "
        "is in an old state.",
        "End all programs on the GPU and load the module again; or restart the machine.",
        _RELOAD,
    ),
}


def unexplained(machine: Machine) -> Cause:
    """What is left when no other cause was found."""
    library = machine.library
    if library.missing is not None:
        return _without_library(machine)
    if library.broken is not None:
        return _without_answer(machine)
    code = 100 if library.code == 0 else library.code or 0
    meaning = _MEANINGS.get(code) or _unknown(code)
    read = f"cuInit returned {library.code}; devices: {library.devices}"
    refused = [f"NVML: {machine.refused}"] if machine.refused else []
    return Cause(meaning.kind, meaning.message, (read, *refused), meaning.remedy, meaning.command)


def _unknown(code: int) -> _Meaning:
    return _Meaning(
        "cuda-does-not-start",
        f"CUDA does not start; its library gives the error {code}.",
        "See what the kernel says about the GPU; a restart of the machine often helps.",
        _LOOK,
    )


def _without_library(machine: Machine) -> Cause:
    return Cause(
        "no-libcuda",
        "CUDA's driver library, libcuda.so.1, cannot be loaded.",
        (f"libcuda: {machine.library.missing}",),
        "Install NVIDIA's driver, or start the container with GPUs.",
        "sudo ubuntu-drivers install",
    )


def _without_answer(machine: Machine) -> Cause:
    crashed = machine.library.broken is not None and machine.library.broken.code is not None
    return Cause(
        "cuda-crashes" if crashed else "cuda-hangs",
        "CUDA's library crashes when it is started."
        if crashed
        else "CUDA's library does not come back when it is started.",
        (f"cuInit in a process of its own: {machine.library.broken}",),
        "See what the kernel says about the GPU; a GPU that failed keeps programs waiting until "
        "the machine is restarted.",
        _LOOK,
    )
