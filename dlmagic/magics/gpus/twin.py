"""``dlmagic.gpus``: the same report for scripts and other notebooks."""

from __future__ import annotations

from dlmagic.magics.gpus.engine import report
from dlmagic.magics.gpus.result import GpuReport


def gpus(*, on: object = None) -> GpuReport:
    """The GPUs of this machine with who uses them and which are free; or what else computes.

    No framework is imported, CUDA is not started, and a GPU that sleeps is not woken. It takes at
    most 2.5 s, also where the driver hangs.

    Args:
        on: A view, client or started cluster of ipyparallel: the GPUs of all its hosts then.

    Raises:
        InputError: ``on`` means no engines.
        RankError: An engine cannot tell.
    """
    if on is None:
        return report()
    from dlmagic.cluster.targets import engines_of
    from dlmagic.magics.gpus.ranks.reading import report_on

    return report_on(engines_of(on))
