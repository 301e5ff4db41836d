"""How long does it take to list 8 GPUs with 20 processes, beside gpustat and nvitop?

All programs look at the same GPUs, which the double of the tests plays: each in a process of its
own, in turns of a random, balanced order. Only nvitop asks for the traffic on the bus, which takes
20 ms a question; the same is measured once more as if it took no time. Then what ``%gpus live``
costs with those GPUs, and ``%gpus`` on a machine without any, in real kernels.
GPUtil and nvidia-smi are not measured: they need the driver (see ``benchmarks.gpus.hardware``).
Ends with an error where a limit is missed.
Run: ``python -m benchmarks.gpus.listing [--write]``; needs the packages gpustat and nvitop to
compare with, and takes five minutes. ``--write`` also writes the table of ``docs/gpus.md``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.gpus_beside import Row, compared, show
from benchmarks.gpus_in_kernels import live_share, surroundings, without_gpu
from benchmarks.peers.gpu_listers import OURS
from benchmarks.recording import record
from tests.devices.double.boards import GIB, Board, Process
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine

GPUS, PROCESSES, ROUNDS = 8, 20, 30
LISTING, WITHOUT_GPU, LIVE = 0.005, 0.1, 0.01
PROGRAMS = {
    OURS: "dlmagic",
    "dlmagic, report": "dlmagic",
    "gpustat": "gpustat",
    "nvitop": "nvitop",
    "nvitop, select_devices": "nvitop",
}
PEERS = ("gpustat", "nvitop")
AT_ONCE = "listing_with_a_bus_that_answers_at_once"


def measured(folder: Path) -> dict[str, Any]:
    """All figures."""
    libraries = Libraries(folder / "libraries").of("580")
    programs = [name for name, package in PROGRAMS.items() if find_spec(package)]
    figures: dict[str, Any] = {"gpus": GPUS, "processes": PROCESSES, "rounds": ROUNDS}
    for title, pcie in (("listing", 20_000), (AT_ONCE, 0)):
        with played(libraries, folder, pcie) as environment:
            rows = compared(programs, environment, ROUNDS)
            print(title.replace("_", " "))
            show(rows)
            figures[title] = [asdict(row) for row in rows]
            if pcie:
                figures["missed"] = list(missed(rows))
    with played(libraries, folder, 20_000) as environment, surroundings(environment):
        figures["live_share_of_a_core"] = live_share()
    with surroundings(compiled(folder)):
        figures["without_gpu"] = without_gpu()
    return figures


@contextmanager
def played(libraries: Path, folder: Path, pcie: int) -> Iterator[dict[str, str]]:
    """The variables of processes that see the GPUs, with processes that are there."""
    people = [subprocess.Popen(["sleep", "3600"]) for _ in range(PROCESSES)]
    share = [tuple(Process(each.pid) for each in people[k::GPUS]) for k in range(GPUS)]
    boards = [Board(used=GIB * len(each), processes=each) for each in share]
    machine = Machine(folder, boards, logging=False, pcie=pcie)
    try:
        yield {**machine.environment(libraries), **compiled(folder)}
    finally:
        machine.close()
        for each in people:
            each.kill()
            each.wait()


def compiled(folder: Path) -> dict[str, str]:
    """Modules are compiled once, as those of an installed package are."""
    return {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}


def missed(rows: Sequence[Row]) -> Iterator[str]:
    """Limits of listing that are missed beyond doubt."""
    by_name = {row.program: row for row in rows}
    ours = by_name[OURS]
    if ours.interval[0] > LISTING:
        yield f"a reading takes {1000 * ours.median:.1f} ms, at most {1000 * LISTING:.0f}"
    for row in rows:
        if PROGRAMS[row.program] != "dlmagic" and row.times_ours_interval[0] <= 1:
            yield f"{row.program} is as fast as dlmagic"


def all_missed(figures: Mapping[str, Any]) -> list[str]:
    """Limits that are missed."""
    found = [str(each) for each in figures["missed"]]
    later = figures["without_gpu"]["later"]
    if later > WITHOUT_GPU:
        found.append(f"%gpus without a GPU takes {1000 * later:.0f} ms, at most 100")
    if figures["live_share_of_a_core"] > LIVE:
        found.append(f"%gpus live takes {figures['live_share_of_a_core']:.1%} of a core, at most 1")
    return found


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    for peer in PEERS:
        if find_spec(peer) is None:
            print(f"{peer} is not measured: pip install {peer}")
    print("GPUtil and nvidia-smi are not measured: they need NVIDIA's driver")
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder))
    print(f"live: {figures['live_share_of_a_core']:.2%} of a core; {figures['without_gpu']}")
    if options.write:
        packages = ("nvidia-ml-py", "psutil", *filter(find_spec, PEERS))
        record("gpus_listing", packages, figures)
    if found := all_missed(figures):
        sys.exit("; ".join(found))


if __name__ == "__main__":
    main()
