"""How long does it take to list the GPUs of this machine, beside nvidia-smi, gpustat and nvitop?

Each program has a process of its own; they look in turns of a random, balanced order. Ends with an
error if another program is as fast; without an NVIDIA GPU it says so and measures nothing.
Run: ``python -m benchmarks.gpus.hardware [--write] [--rounds N]``; takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from dataclasses import asdict
from importlib.util import find_spec

from benchmarks.gpus_beside import compared, show
from benchmarks.peers.gpu_listers import OURS
from benchmarks.recording import record
from dlmagic.devices.gpus.reader import GpuReader

ROUNDS = 50
PEERS = {"gpustat": ("gpustat",), "nvitop": ("nvitop", "nvitop, select_devices")}


def programs() -> list[str]:
    """Those that can be run here."""
    found = [OURS, "dlmagic, report"]
    for package, names in PEERS.items():
        if find_spec(package):
            found += names
        else:
            print(f"{package} is not measured: pip install {package}")
    if shutil.which("nvidia-smi"):
        found.append("nvidia-smi")
    else:
        print("nvidia-smi is not measured: it is not to be found")
    return found


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="looks of each program")
    options = parser.parse_args()
    with GpuReader() as reader:
        readings = reader.read()
    if not readings.gpus:
        print(f"Nothing is measured: {readings.missing}.")
        return
    rows = compared(programs(), os.environ, options.rounds)
    show(rows)
    if options.write:
        gpus = [str(gpu.name) for gpu in readings.gpus]
        figures = {"gpus": gpus, "driver": str(readings.driver), "rounds": options.rounds}
        peers = ("nvidia-ml-py", "psutil", *filter(find_spec, PEERS))
        record("gpus_hardware", peers, {**figures, "rows": [asdict(row) for row in rows]})
    others = [row for row in rows if not row.program.startswith("dlmagic")]
    if slower := [row.program for row in others if row.times_ours_interval[0] <= 1]:
        sys.exit(f"as fast as dlmagic: {', '.join(slower)}")


if __name__ == "__main__":
    main()
