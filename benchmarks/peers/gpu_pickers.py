"""How other packages choose a free GPU, for :mod:`tests.magics.gpus.pick.player`.

Each is used as its own documentation says, for one GPU that nobody uses. None of them takes
anything: there is nothing to give back.
"""

from __future__ import annotations

from tests.magics.gpus.pick.player import Chosen


def gputil() -> Chosen:
    """Among the GPUs with little load and memory in use, the one with the least memory in use."""
    import GPUtil

    found = GPUtil.getAvailable(order="memory", limit=1, maxLoad=0.1, maxMemory=0.1)
    uuids = {gpu.id: gpu.uuid for gpu in GPUtil.getGPUs()}
    return tuple(uuids[each] for each in found), _nothing


def gpustat() -> Chosen:
    """Among the GPUs without processes, the one with the least memory in use."""
    import gpustat

    unused = [gpu for gpu in gpustat.new_query() if not gpu.processes]
    best = sorted(unused, key=lambda gpu: gpu.memory_used)[:1]
    return tuple(gpu.uuid for gpu in best), _nothing


def nvitop() -> Chosen:
    """What ``select_devices`` selects with 70 of 80 GiB free and at most 10 % busy."""
    from nvitop import select_devices

    found = select_devices(
        format="uuid", max_count=1, min_free_memory="70GiB", max_gpu_utilization=10
    )
    return tuple(map(str, found)), _nothing


def _nothing() -> None:
    pass
