"""What there is to see on a machine, in one sentence."""

from __future__ import annotations

from dlmagic.devices.gpus.gpu import Gpu
from dlmagic.devices.reading import Reason
from dlmagic.display.units import plural
from dlmagic.magics.gpus.check.evidence import Machine


def machine_in_words(machine: Machine) -> str:
    """What there is to see."""
    if not machine.present:
        return _without_nvidia(machine)
    gpus = [each for each in machine.gpus if not isinstance(each.name, Reason)]
    if not machine.library.works:
        has = f"has {_listed(gpus)}" if gpus else "seems to have an NVIDIA GPU"
        return f"This machine {has}, but CUDA cannot be used here."
    count = machine.library.devices
    major, minor = machine.cuda or (0, 0)
    return f"CUDA {major}.{minor} works here and gives this kernel {plural(count, 'GPU')}."


def _without_nvidia(machine: Machine) -> str:
    others = {each.kind: each.found for each in machine.accelerators}
    if others:
        listed = ", ".join(f"{kind} ({found})" for kind, found in others.items())
        return f"This machine has no NVIDIA GPU; it has: {listed}."
    if machine.enclosure.container:
        return (
            f"Nothing in this container ({machine.enclosure.container}) tells of an NVIDIA GPU; "
            "if the machine has one, start the container with it (docker run --gpus all …)."
        )
    return "This machine has no NVIDIA GPU, so frameworks compute on the processor."


def _listed(gpus: list[Gpu]) -> str:
    names = {str(each.name) for each in gpus}
    return f"{plural(len(gpus), 'NVIDIA GPU')} ({', '.join(sorted(names))})"
