"""A container was started without GPUs, or has lost them since."""

from __future__ import annotations

from collections.abc import Iterator

from dlmagic.magics.gpus.check.evidence import Machine
from dlmagic.magics.gpus.check.result import Cause

_WANTED, _PARTS = "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"
_COMMANDS = {
    "Kubernetes": "resources:\n  limits:\n    nvidia.com/gpu: 1",
    "Podman": "podman run --device nvidia.com/gpu=all …",
    "Apptainer": "apptainer exec --nv …",
    "LXC": "lxc config device add NAME gpu gpu",
}
_DOCKER = "docker run --gpus all …"
_UNKNOWN_ERROR = 999


def without_gpus(machine: Machine) -> Cause | None:
    """The device files were never handed into it."""
    container = machine.enclosure.container
    if container is None or machine.nodes.any or machine.enclosure.wsl:
        return None
    name = _named(container)
    hidden = machine.variable(_WANTED) in ("void", "none", "")
    how = f"with {_WANTED}={machine.variable(_WANTED)}" if hidden else "without its GPUs"
    return Cause(
        "container-without-gpus",
        f"T{name[1:]} was started {how}, so the machine's GPUs are not in it.",
        (f"this process runs in {name}", "there is no /dev/nvidia*", *_signs(machine)),
        _remedy(container),
        _COMMANDS.get(container, _DOCKER),
    )


def lost_its_gpus(machine: Machine) -> Cause | None:
    """Reloading systemd takes devices from containers that were started before."""
    if machine.enclosure.container is None or not machine.nodes.any:
        return None
    refused = machine.refused
    unknown = refused is not None and refused.code == _UNKNOWN_ERROR
    if not (machine.nodes.withheld or unknown):
        return None
    name = _named(machine.enclosure.container)
    shown = [f"{file} is refused in spite of its permissions" for file in machine.nodes.withheld]
    return Cause(
        "container-lost-gpus",
        f"T{name[1:]} had its GPUs and has lost them: `systemctl daemon-reload` on the host does "
        "that.",
        (f"this process runs in {name}", *shown, *([f"NVML: {refused}"] if unknown else [])),
        "Start the container again, from the host; the notebook's kernel ends with it.",
        "docker restart CONTAINER",
    )


def without_compute(machine: Machine) -> Cause | None:
    """Only some of the driver's libraries were handed into it."""
    parts = machine.variable(_PARTS)
    if machine.library.missing is None or parts is None or not machine.nodes.any:
        return None
    if {"compute", "all"} & {each.strip() for each in parts.split(",")}:
        return None
    return Cause(
        "container-without-compute",
        f"The container was started with {_PARTS}={parts}, which leaves CUDA's library out.",
        (f"{_PARTS} is {parts}", f"libcuda: {machine.library.missing}"),
        "Start the container with the part compute, too.",
        f"docker run --gpus all -e {_PARTS}=compute,utility …",
    )


def _named(container: str) -> str:
    """What it is called in a sentence."""
    if container == "a container":
        return "this container"
    return "this pod" if container == "Kubernetes" else f"this {container} container"


def _signs(machine: Machine) -> Iterator[str]:
    if machine.cards:
        yield f"the bus lists {len(machine.cards)} of NVIDIA's cards"
    if machine.module.version:
        yield f"the host has NVIDIA's driver {machine.module.version}"
    wanted = machine.variable(_WANTED)
    if wanted is not None:
        yield f"{_WANTED} is {wanted or 'empty'}"


def _remedy(container: str) -> str:
    if container == "Kubernetes":
        return "Ask for a GPU in the description of the pod, and start it again."
    if container in _COMMANDS:
        return "Start it again with its GPUs."
    return "Start it again with its GPUs; the host needs the NVIDIA Container Toolkit for that."
