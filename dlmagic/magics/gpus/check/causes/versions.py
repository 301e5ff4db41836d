"""The parts of the driver are of different versions, or are no driver at all."""

from __future__ import annotations

from dlmagic.devices.driver.enclosure import is_mounted
from dlmagic.magics.gpus.check.evidence import Machine
from dlmagic.magics.gpus.check.result import Cause

_MISMATCH_OF_NVML, _MISMATCH, _NO_COMPATIBILITY, _STUB = 18, 803, 804, 34
_PATH = "LD_LIBRARY_PATH"


def stub(machine: Machine) -> Cause | None:
    """The library of the toolkit that programs are built against, which does nothing."""
    library = machine.library
    if library.code != _STUB and not library.folder.endswith("/stubs"):
        return None
    return Cause(
        "stub-library",
        "A stub was loaded in place of CUDA's library: it is for building programs, not for "
        "running them.",
        (f"libcuda was loaded from {library.file}", f"cuInit returned {library.code}"),
        f"Take its folder out of {_PATH} where the notebook is started, and start it again.",
        _without(machine, library.folder),
    )


def compatibility(machine: Machine) -> Cause | None:
    """The package cuda-compat runs newer CUDA on older drivers, of data centre GPUs alone."""
    library = machine.library
    in_use = "compat" in library.folder.split("/")
    if library.code != _NO_COMPATIBILITY and not (in_use and library.code == _MISMATCH):
        return None
    return Cause(
        "compat-library",
        "The library of the package cuda-compat is used, which does not fit this GPU or driver.",
        (f"libcuda was loaded from {library.file}", f"cuInit returned {library.code}"),
        f"Take the folder out of {_PATH} where the notebook is started, or update the driver.",
        _without(machine, library.folder),
    )


def mismatch(machine: Machine) -> Cause | None:
    """The library is not of the driver that the kernel runs: it was updated, and runs on."""
    library, module = machine.library, machine.module
    refused = machine.refused
    codes = [library.code == _MISMATCH, refused is not None and refused.code == _MISMATCH_OF_NVML]
    apart = library.version and module.version and library.version != module.version
    if not (any(codes) or apart) or machine.enclosure.wsl or _stands_in(machine):
        return None
    read = [
        f"kernel module: {module.version or 'unknown'}",
        f"libcuda: {library.file} ({library.version or 'version unknown'})",
        f"cuInit returned {library.code}",
    ]
    read += [f"NVML: {refused}"] if codes[1] else []
    if machine.enclosure.container:
        return _in_the_container(machine, tuple(read))
    return Cause(
        "version-mismatch",
        "The driver's library and its kernel module are of different versions: the driver was "
        "updated, and the old module is still at work.",
        tuple(read),
        "Restart the machine.",
        "sudo reboot",
    )


def _stands_in(machine: Machine) -> bool:
    """Whether another library than the driver's was loaded, which is a cause of its own."""
    return stub(machine) is not None or compatibility(machine) is not None


def _in_the_container(machine: Machine, read: tuple[str, ...]) -> Cause:
    if is_mounted(machine.library.file, machine.situation.roots):
        return Cause(
            "version-mismatch",
            "The driver of the host was updated since this container was started, which still has "
            "the library of the old one.",
            (*read, "the library was handed in by the host"),
            "Start the container again, from the host; the notebook's kernel ends with it.",
            "docker restart CONTAINER",
        )
    return Cause(
        "library-of-the-image",
        "The container brings a driver library of its own, which does not fit the driver of the "
        "host.",
        read,
        "Remove it from the image; the host's is handed in when the container starts.",
        f"rm {machine.library.file or '/usr/lib/x86_64-linux-gnu/libcuda.so*'}",
    )


def _without(machine: Machine, folder: str) -> str:
    """The variable without a folder."""
    folders = (machine.variable(_PATH) or "").split(":")
    left = ":".join(each for each in folders if each and each.rstrip("/") != folder)
    return f"export {_PATH}={left}" if left else f"unset {_PATH}"
