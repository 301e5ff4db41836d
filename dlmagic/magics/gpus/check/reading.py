"""Reads the machine: its files at once, its libraries in processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dlmagic.codec import Mismatch, decode
from dlmagic.devices.driver.children import Answer, Child, wait_for
from dlmagic.devices.driver.enclosure import read_enclosure
from dlmagic.devices.driver.library import CudaLibrary, read_library
from dlmagic.devices.driver.module import read_cards, read_module
from dlmagic.devices.driver.nodes import read_nodes
from dlmagic.devices.driver.situation import Situation
from dlmagic.devices.gpus.gpu import GpuReadings
from dlmagic.devices.machine.accelerators import other_accelerators
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.check.evidence import Machine

PATIENCE = 10.0
"""Seconds for the driver's libraries to answer; to wake a GPU takes some of them."""

_NOT_ASKED = Reason("nothing here tells of an NVIDIA GPU")

Tell = Callable[[str, float], None]


def read_machine(situation: Situation, tell: Tell) -> Machine:
    """All that is below the frameworks.

    Args:
        situation: Where to look.
        tell: Is told what is waited for, and for how many seconds.
    """
    roots = situation.roots
    seen = Machine(
        situation=situation,
        nodes=read_nodes(roots),
        module=read_module(roots),
        cards=read_cards(roots),
        enclosure=read_enclosure(situation.environ, roots),
        library=CudaLibrary(missing=_NOT_ASKED.text),
        readings=_NOT_ASKED,
        accelerators=other_accelerators(roots),
    )
    # Windows has none of the files that tell of a GPU.
    return _with_libraries(seen, tell) if seen.present or situation.system == "Windows" else seen


def _with_libraries(seen: Machine, tell: Tell) -> Machine:
    situation, folder = seen.situation, "dlmagic.devices.driver"
    bound = str(situation.roots.sys / "bus" / "pci" / "drivers" / "nvidia")
    children = {
        "CUDA": Child(f"{folder}.cuda_child", situation, deadline=PATIENCE),
        "NVIDIA's driver": Child(f"{folder}.gpus_child", situation, deadline=PATIENCE, bound=bound),
    }
    answers = wait_for(children, tell)
    library, readings = answers["CUDA"], answers["NVIDIA's driver"]
    return replace(seen, library=read_library(library), readings=_readings(readings))


def _readings(answer: Answer) -> GpuReadings | Reason:
    if isinstance(answer.value, Reason):
        return answer.value
    try:
        read: GpuReadings = decode(answer.value, GpuReadings, "readings")
    except Mismatch as problem:
        return Reason(f"the driver's answer cannot be read: {problem}")
    return read
