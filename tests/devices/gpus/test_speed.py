"""A full reading, with whose the processes are, takes no longer than a person notices."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import psutil
import pytest

from dlmagic.devices.gpus.owners import Owners
from dlmagic.devices.gpus.reader import GpuReader
from tests.devices.double.boards import GIB, Board, Process

pytestmark = pytest.mark.alone
ROUNDS = 100


def test_eight_gpus_with_twenty_processes_in_five_milliseconds(machine) -> None:
    pids = (psutil.pids() * 20)[-20:]
    share = [tuple(Process(pid) for pid in pids[k::8]) for k in range(8)]
    machine(*[Board(used=GIB, processes=each) for each in share], logging=False)
    owners = Owners()
    with GpuReader() as reader:
        # The least of three: other programs on this machine can only add to it.
        assert min(median_of(lambda: full(reader, owners)) for _ in range(3)) <= 0.005


def full(reader: GpuReader, owners: Owners) -> None:
    found = reader.read()
    assert len(found.gpus) == 8
    for gpu in found.gpus:
        for process in gpu.processes:
            owners.of(process.pid, found.read_at)


def median_of(work: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)
