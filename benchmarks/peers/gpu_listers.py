"""How programs list all GPUs with who uses them, each in a process of its own.

``python -m benchmarks.peers.gpu_listers NAME`` imports what it needs and says how many seconds
that took; then, for each line that it reads, it lists the GPUs some times in a row, and says the
median of the seconds, and of those of its processor.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable
from time import perf_counter, process_time

Lister = Callable[[], object]
OURS = "dlmagic, reading"


def dlmagic_reading() -> Lister:
    """GPUs, whose the processes are, leases, and which are free; the library stays open."""
    from dlmagic.devices.gpus.reader import GpuReader
    from dlmagic.magics.gpus.inspection import inspected

    reader = GpuReader()
    return lambda: inspected(reader.read())


def dlmagic_report() -> Lister:
    """All of ``dlmagic.gpus()``, with the machine and the frameworks; opens the library."""
    from dlmagic.magics.gpus.engine import report

    return report


def gpustat() -> Lister:
    """What ``gpustat`` prints; opens the library."""
    from gpustat import new_query

    return new_query


def nvitop() -> Lister:
    """All GPUs and their processes; without what nvitop keeps for a second or more."""
    from nvitop import Device, take_snapshots

    return lambda: take_snapshots(Device.all())


def nvitop_select() -> Lister:
    """Which GPUs are free."""
    from nvitop import select_devices

    return lambda: select_devices(min_free_memory="8GiB", max_gpu_utilization=10)


def nvidia_smi() -> Lister:
    """What comes with the driver, in a process of its own each time."""
    return lambda: subprocess.run(["nvidia-smi"], capture_output=True, check=True)


LISTERS: dict[str, Callable[[], Lister]] = {
    OURS: dlmagic_reading,
    "dlmagic, report": dlmagic_report,
    "gpustat": gpustat,
    "nvitop": nvitop,
    "nvitop, select_devices": nvitop_select,
    "nvidia-smi": nvidia_smi,
}


def timed(work: Lister, looks: int) -> tuple[float, float]:
    """Seconds, and those of the processor; medians."""
    wall, own = [], []
    for _ in range(looks):
        begun, used = perf_counter(), process_time()
        work()
        wall.append(perf_counter() - begun)
        own.append(process_time() - used)
    return statistics.median(wall), statistics.median(own)


def main() -> None:
    """Serve who is at the other end of the pipes."""
    begun = perf_counter()
    work = LISTERS[sys.argv[1]]()
    print(perf_counter() - begun, flush=True)
    for looks in sys.stdin:
        print(*timed(work, int(looks)), flush=True)


if __name__ == "__main__":
    main()
