"""How often do two of many processes that pick at the same time take the same GPU?

All of them pick one GPU in each round, after a random moment of at most 40 ms; whoever has chosen
one is at once seen by the driver as using it, which in a notebook takes minutes. A collision is a
choice of a GPU that another process has chosen in the same round. GPUs and driver are played by
the double of the tests; GPUtil, which asks nvidia-smi, finds one that reads the same double.
Ends with an error if dlmagic ever collides.
Run: ``python -m benchmarks.gpus.picking [--rounds N] [--write]``; needs the packages GPUtil,
gpustat and nvitop, and takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from benchmarks.recording import record
from tests.devices.double.boards import Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine
from tests.magics.gpus.pick.crowd import Tally, crowd

PROCESSES, GPUS, ROUNDS = 50, 8, 100
ROOT = Path(__file__).parents[2]
WAYS = {
    "dlmagic": "tests.magics.gpus.pick.ways:dlmagic",
    "GPUtil": "benchmarks.peers.gpu_pickers:gputil",
    "gpustat": "benchmarks.peers.gpu_pickers:gpustat",
    "nvitop": "benchmarks.peers.gpu_pickers:nvitop",
}
NVIDIA_SMI = """#!{python} -IS
import ctypes
nvml = ctypes.CDLL("libnvidia-ml.so.1")
class Memory(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in ("total", "free", "used")]
class Use(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]
count, handle, memory, use = ctypes.c_uint(), ctypes.c_void_p(), Memory(), Use()
uuid = ctypes.create_string_buffer(96)
nvml.nvmlInit_v2()
nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
for k in range(count.value):
    nvml.nvmlDeviceGetHandleByIndex_v2(k, ctypes.byref(handle))
    nvml.nvmlDeviceGetUUID(handle, uuid, 96)
    nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory))
    nvml.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(use))
    sizes = [size >> 20 for size in (memory.total, memory.used, memory.free)]
    print(k, uuid.value.decode(), use.gpu, *sizes, "580", "H100", "0", "Off", "Off", 35, sep=", ")
"""


@dataclass(frozen=True)
class Row:
    """One way of picking.

    Attributes:
        way: Which.
        rounds: How many.
        picks: How often a process chose a GPU.
        collisions: How often another process had chosen it, too.
        rounds_with_collisions: In how many rounds that happened.
        seconds: All rounds together.
    """

    way: str
    rounds: int
    picks: int
    collisions: int
    rounds_with_collisions: int
    seconds: float

    @classmethod
    def of(cls, way: str, tally: Tally, seconds: float) -> Row:
        """The row of a tally."""
        return cls(
            way, tally.rounds, tally.picks, tally.doubles, tally.rounds_with_doubles, seconds
        )


def measured(rounds: int) -> Iterator[Row]:
    """Each way whose package is installed."""
    with tempfile.TemporaryDirectory() as folder:
        libraries = Libraries(Path(folder)).of("580")
        for way, function in WAYS.items():
            if find_spec(way) is None:
                print(f"{way} is not installed: pip install {way}")
                continue
            place = Path(folder) / f"of {way}"
            place.mkdir()
            yield played(way, function, rounds, libraries, place)


def played(way: str, function: str, rounds: int, libraries: Path, folder: Path) -> Row:
    """So many rounds of one way."""
    machine = Machine(folder, [Board() for _ in range(GPUS)], logging=False)
    environment = surroundings(machine.environment(libraries), folder)
    with crowd(function, PROCESSES, machine, environment, folder) as players:
        begun = perf_counter()
        tally = players.play(rounds, apart=True)
        row = Row.of(way, tally, perf_counter() - begun)
    machine.close()
    return row


def surroundings(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The variables of the processes: leases of their own, and an nvidia-smi to be found."""
    program = folder / "nvidia-smi"
    program.write_text(NVIDIA_SMI.format(python=sys.executable))
    program.chmod(0o755)
    return {
        **environment,
        "DLMAGIC_LEASES": str(folder / "leases"),
        "PATH": f"{folder}{os.pathsep}{environment['PATH']}",
        "PYTHONPATH": str(ROOT),
    }


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each way")
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    rows = []
    for row in measured(options.rounds):
        rows.append(row)
        print(
            f"{row.way}: {row.picks:,} picks in {row.rounds:,} rounds, {row.collisions:,} "
            f"collisions in {row.rounds_with_collisions:,} rounds ({row.seconds:.0f} s)"
        )
    if options.write:
        figures = {"processes": PROCESSES, "gpus": GPUS, "rows": [asdict(row) for row in rows]}
        packages = [row.way for row in rows if row.way != "dlmagic"]
        record("gpus_picking", ("nvidia-ml-py", *packages), figures)
    if any(row.collisions for row in rows if row.way == "dlmagic"):
        sys.exit("dlmagic has let two processes take the same GPU")


if __name__ == "__main__":
    main()
