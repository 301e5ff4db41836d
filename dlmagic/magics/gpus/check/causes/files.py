"""Device files are missing, or may not be used."""

from __future__ import annotations

from dlmagic.magics.gpus.check.evidence import Machine
from dlmagic.magics.gpus.check.result import Cause


def without_files(machine: Machine) -> Cause | None:
    """The driver is loaded, and nobody has made its files."""
    nodes = machine.nodes
    if not machine.module.version or machine.enclosure.wsl or machine.answers or nodes.jetson:
        return None
    if nodes.gpus and nodes.control:
        return None
    if machine.enclosure.container and not nodes.any:
        return None  # a container that was started without them
    missing = [] if nodes.control else ["/dev/nvidiactl"]
    missing += [] if nodes.gpus else ["/dev/nvidia0"]
    return Cause(
        "no-device-files",
        f"The driver is loaded, but {' and '.join(missing)} {_are(missing)} missing, through "
        "which programs reach it.",
        (f"kernel module: {machine.module.version}", *(f"there is no {each}" for each in missing)),
        _handed_over(machine) or "Make them; NVIDIA's own program does that.",
        "docker run --gpus all …" if machine.enclosure.container else "sudo nvidia-modprobe -c 0",
    )


def forbidden(machine: Machine) -> Cause | None:
    """This user may not use them."""
    files = machine.nodes.forbidden
    if not files:
        return None
    return Cause(
        "no-permission",
        f"You may not read and write {_listed(files)}: the permissions keep your user out.",
        tuple(f"{file} may not be read and written by this user" for file in files),
        "Join the group that owns the files (often video, or render), then log in again.",
        f"ls -l {files[0]} && sudo usermod -aG video $USER",
    )


def without_uvm(machine: Machine) -> Cause | None:
    """CUDA cannot start without the file for memory, which is made when it is first needed."""
    nodes = machine.nodes
    if not (nodes.gpus and nodes.control) or nodes.uvm or machine.enclosure.wsl:
        return None
    loaded = machine.module.uvm
    read = ["/dev/nvidia0 is there, /dev/nvidia-uvm is not"]
    read += ["the kernel module nvidia_uvm is not loaded"] if loaded is False else []
    return Cause(
        "no-uvm",
        "The device file /dev/nvidia-uvm is missing, without which CUDA cannot start "
        "(nvidia-smi can).",
        (*read, f"cuInit returned {machine.library.code}"),
        _handed_over(machine) or "Load the module and make the file.",
        "docker run --gpus all …"
        if machine.enclosure.container
        else "sudo modprobe nvidia_uvm && sudo nvidia-modprobe -u -c 0",
    )


def _handed_over(machine: Machine) -> str:
    """A container is given files when it is started."""
    if not machine.enclosure.container:
        return ""
    return "Let NVIDIA's runtime hand all files into the container, not single ones by --device."


def _listed(files: tuple[str, ...]) -> str:
    return ", ".join(files[:3]) + (" and others" if len(files) > 3 else "")


def _are(missing: list[str]) -> str:
    return "are" if len(missing) > 1 else "is"
