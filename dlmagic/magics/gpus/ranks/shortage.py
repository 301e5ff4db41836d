"""Which host has too few free GPUs for its ranks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dlmagic.cluster.engines import Engines
from dlmagic.display.units import plural
from dlmagic.magics.gpus.ranks.reading import report_on, short_names
from dlmagic.magics.gpus.request import PickRequest
from dlmagic.magics.gpus.result import GpuInfo

_MOST = 8  # reasons in one message


def shortage(engines: Engines, request: PickRequest) -> str:
    """A sentence about it; empty where it cannot be told, as more is asked than to be free.

    Looked at when all ranks have given back, so that none of them is in the way of another.
    """
    if request.min_free is not None or request.max_utilization is not None:
        return ""
    report = report_on(engines)
    names = short_names([each.name for each in report.machines])
    for host, ranks in Counter(engines.hosts).items():
        devices = [each for each in report.gpus if each.machine == names.get(host, "")]
        if sum(each.free for each in devices) < ranks * request.count:
            return _words(host, ranks, request.count, devices)
    return ""


def _words(host: str, ranks: int, count: int, devices: Sequence[GpuInfo]) -> str:
    wanted = "a GPU" if count == 1 else plural(count, "GPU")
    whose = f"1 rank wants {wanted}" if ranks == 1 else f"{ranks} ranks want {wanted} each"
    free, why = sum(each.free for each in devices), [each.why for each in devices if not each.free]
    verb = "is" if 1 in (free, len(devices)) else "are"
    told = f" ({'; '.join(dict.fromkeys(why[:_MOST]))})" if why else ""
    return (
        f"On {host}, {whose}, and only {free} of {plural(len(devices), 'GPU')} {verb} free{told}."
    )
