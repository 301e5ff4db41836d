"""``dlmagic.gpus``: the same report for scripts and other notebooks."""

from __future__ import annotations

from dlmagic.magics.gpus.engine import report
from dlmagic.magics.gpus.result import GpuReport


def gpus() -> GpuReport:
    """The GPUs of this machine with who uses them and which are free; or what else computes.

    No framework is imported, CUDA is not started, and a GPU that sleeps is not woken. It takes at
    most 2.5 s, also where the driver hangs.
    """
    return report()
