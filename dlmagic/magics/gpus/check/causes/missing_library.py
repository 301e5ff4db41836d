"""CUDA's driver library is not there, or cannot be loaded."""

from __future__ import annotations

from dlmagic.magics.gpus.check.causes import container
from dlmagic.magics.gpus.check.evidence import Machine
from dlmagic.magics.gpus.check.result import Cause


def without_library(machine: Machine) -> Cause | None:
    """The driver is at work in the kernel, and programs do not find its library."""
    missing = machine.library.missing
    at_work = machine.module.version is not None or machine.nodes.gpus
    if missing is None or not at_work or machine.enclosure.wsl:
        return None
    if container.without_gpus(machine) or container.without_compute(machine):
        return None  # which explains it
    return Cause(
        "no-libcuda",
        "CUDA's driver library, libcuda.so.1, cannot be loaded, though the driver is at work.",
        (f"kernel module: {machine.module.version or 'unknown'}", f"libcuda: {missing}"),
        _remedy(machine),
        _command(machine),
    )


def _remedy(machine: Machine) -> str:
    if machine.enclosure.container:
        return "Let NVIDIA's runtime hand the libraries in: start the container as below."
    return "Install the libraries that belong to the driver, then restart the kernel."


def _command(machine: Machine) -> str:
    if machine.enclosure.container:
        return "docker run --gpus all …"
    branch = (machine.module.version or "").partition(".")[0]
    return f"sudo apt install libnvidia-compute-{branch}" if branch else "sudo ldconfig"
