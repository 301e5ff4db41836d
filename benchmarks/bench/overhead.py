"""What the harness adds to a call: against a bare loop, ``timeit`` and PyTorch's Timer.

All four call the same function equally often, in turns of a random, balanced order, with
the same number of threads (PyTorch's Timer would take one) and the garbage collector off.
Run: ``python -m benchmarks.bench.overhead [--write]``.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import timeit
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice, repeat
from time import perf_counter

import numpy as np
import torch
from torch.utils.benchmark import Timer

from benchmarks.recording import record
from dlmagic.magics.bench.block import time_calls
from dlmagic.magics.bench.clock import WallClock
from dlmagic.magics.bench.order import balanced_orders
from dlmagic.magics.bench.paired import compare_paired
from dlmagic.magics.bench.repeated import Repeated

ROUNDS = 200
Harness = Callable[[Callable[[], object], int], float]
"""Calls a function so many times and says how many seconds a call took."""


def bare_loop(function: Callable[[], object], calls: int) -> float:
    """The least that any harness can do."""
    with collector_off():
        start = perf_counter()
        for _ in repeat(None, calls):
            function()
        return (perf_counter() - start) / calls


def dlmagic_block(function: Callable[[], object], calls: int) -> float:
    """One block of ``%%dlbench``, clock, events and collector included."""
    return time_calls(Repeated("dlmagic", function), WallClock(), calls).per_call


def standard_timeit(function: Callable[[], object], calls: int) -> float:
    """The standard library's loop, called with a string as ``%timeit`` does."""
    return timeit.timeit("f()", globals={"f": function}, number=calls) / calls


def torch_timer(function: Callable[[], object], calls: int) -> float:
    """PyTorch's loop with as many threads as everything else here."""
    timer = Timer("f()", globals={"f": function}, num_threads=torch.get_num_threads())
    # Its own warm-up is a hundredth of the calls, and not timed.
    with collector_off():
        return float(timer.timeit(calls).median)


HARNESSES: dict[str, Harness] = {
    "bare loop": bare_loop,
    "dlmagic": dlmagic_block,
    "timeit": standard_timeit,
    "torch Timer": torch_timer,
}


@contextmanager
def collector_off() -> Iterator[None]:
    """As every harness here has it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True)
class Row:
    """One harness on one workload.

    Attributes:
        workload: What was called.
        harness: Who called it.
        calls: Calls per block.
        nanoseconds: Median a call.
        added: Median of the paired differences from the bare loop, nanoseconds a call.
        added_spread: Their 10th and 90th percentiles.
        ratio: Time / time of the bare loop, from paired rounds.
        ratio_interval: Its 95 % interval.
    """

    workload: str
    harness: str
    calls: int
    nanoseconds: float
    added: float
    added_spread: tuple[float, float]
    ratio: float
    ratio_interval: tuple[float, float]


def workloads() -> dict[str, tuple[Callable[[], object], int]]:
    """Functions and the calls that make a short block: long ones are interrupted more often."""
    vector, matrix = torch.ones(512), torch.ones(530, 530)

    def nothing() -> None: ...

    def operation() -> torch.Tensor:
        return torch.sin(vector) + 1.0

    def product() -> torch.Tensor:
        return matrix @ matrix

    return {
        "empty function": (nothing, 40_000),
        "5 us operation": (operation, 300),
        "1 ms matrix product": (product, 2),
    }


def timed_in_turns(function: Callable[[], object], calls: int) -> dict[str, list[float]]:
    """Seconds a call by harness, one per round."""
    names = tuple(HARNESSES)
    times: dict[str, list[float]] = {name: [] for name in names}
    for order in islice(balanced_orders(len(names), np.random.default_rng(0)), ROUNDS):
        for index in order:
            function()
            times[names[index]].append(HARNESSES[names[index]](function, calls))
    return times


def rows_of(workload: str, calls: int, times: Mapping[str, list[float]]) -> list[Row]:
    """Every harness against the bare loop."""
    rows = []
    for harness, samples in times.items():
        added = [1e9 * (s - b) for s, b in zip(samples, times["bare loop"], strict=True)]
        spread = statistics.quantiles(added, n=10)
        compared = compare_paired(samples, times["bare loop"])
        rows.append(
            Row(
                workload=workload,
                harness=harness,
                calls=calls,
                nanoseconds=1e9 * statistics.median(samples),
                added=statistics.median(added),
                added_spread=(spread[0], spread[-1]),
                ratio=compared.speedup,
                ratio_interval=compared.interval or (0.0, 0.0),
            )
        )
    return rows


def show(rows: list[Row]) -> None:
    """The table, one line a row."""
    print(f"{'workload':20} {'harness':12} {'ns a call':>12} {'added ns (10 to 90 %)':>28}  ratio")
    for row in rows:
        added = f"{row.added:+.1f} ({row.added_spread[0]:+.1f} to {row.added_spread[1]:+.1f})"
        low, high = row.ratio_interval
        ratio = f"{row.ratio:.3f} ({low:.3f} to {high:.3f})"
        print(f"{row.workload:20} {row.harness:12} {row.nanoseconds:12,.1f} {added:>28}  {ratio}")


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    rows: list[Row] = []
    for name, (function, calls) in workloads().items():
        rows += rows_of(name, calls, timed_in_turns(function, calls))
    show(rows)
    if options.write:
        figures = {
            "threads": torch.get_num_threads(),
            "rounds": ROUNDS,
            "rows": [asdict(row) for row in rows],
        }
        record("overhead", ("numpy", "torch"), figures)


if __name__ == "__main__":
    main()
