"""Linux below Windows (WSL) uses the driver of Windows, whose libraries are handed down."""

from __future__ import annotations

from dlmagic.magics.gpus.check.evidence import Machine
from dlmagic.magics.gpus.check.result import Cause

_FOLDER = "/usr/lib/wsl/lib"
_BELOW = "this is Linux below Windows (WSL)"


def without_device(machine: Machine) -> Cause | None:
    """Windows hands no GPU down: WSL is of its first version, or old."""
    if not machine.enclosure.wsl or machine.nodes.windows:
        return None
    return Cause(
        "wsl-without-gpu",
        "WSL hands no GPU down to Linux: it is too old, or this Linux runs under WSL 1.",
        (_BELOW, "there is no /dev/dxg"),
        "In PowerShell on Windows, update WSL, set this Linux to version 2, and start it again.",
        "wsl --update\nwsl --set-version DISTRIBUTION 2\nwsl --shutdown",
    )


def without_driver(machine: Machine) -> Cause | None:
    """Windows itself has no driver of NVIDIA's."""
    around = machine.enclosure
    if not around.wsl or not machine.nodes.windows or around.libraries_of_windows:
        return None
    return Cause(
        "wsl-without-driver",
        "Windows hands down no library of NVIDIA's: its own NVIDIA driver is missing or too old.",
        (_BELOW, "there is /dev/dxg", f"there is no {_FOLDER}/libcuda.so.1"),
        "Install NVIDIA's driver on Windows (never inside WSL), then shut WSL down in PowerShell.",
        "wsl --shutdown",
    )


def other_library(machine: Machine) -> Cause | None:
    """A driver for Linux, installed inside WSL, hides that of Windows."""
    around, library = machine.enclosure, machine.library
    if not around.libraries_of_windows or library.file is None:
        return None
    if library.folder.endswith(_FOLDER) or "/wsl/" in library.folder:
        return None
    return Cause(
        "wsl-other-library",
        "A driver for Linux is installed inside WSL and hides that of Windows.",
        (_BELOW, f"libcuda was loaded from {library.file}, not from {_FOLDER}"),
        "Remove that driver; Windows brings its own.",
        "sudo apt purge '^nvidia-.*' '^libnvidia-.*'",
    )


def out_of_sight(machine: Machine) -> Cause | None:
    """The libraries are there, and the loader does not look for them in their folder."""
    handed_down = machine.enclosure.libraries_of_windows and machine.nodes.windows
    if not handed_down or machine.library.missing is None:
        return None
    return Cause(
        "wsl-library-not-found",
        f"The libraries of Windows are in {_FOLDER}, where this Linux does not look for them.",
        (_BELOW, f"{_FOLDER}/libcuda.so.1 is there", f"libcuda: {machine.library.missing}"),
        "Tell the loader of libraries about the folder, then restart the kernel.",
        f"echo {_FOLDER} | sudo tee /etc/ld.so.conf.d/wsl.conf\nsudo ldconfig",
    )
