"""Programs that list GPUs, timed side by side: on the double of the tests, or on real GPUs."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.peers.gpu_listers import OURS
from dlmagic.magics.bench.order import balanced_orders
from dlmagic.magics.bench.paired import compare_paired, median_interval

ROOT = Path(__file__).parents[1]
IN_A_ROW = 3
"""How often each program looks in its turn; the median counts."""

FRESH = 7
"""How many processes of each program are started, for what is imported and for a first look."""


@dataclass(frozen=True)
class Row:
    """One program; all times in seconds.

    Attributes:
        program: Which.
        median: A look, of those after the first.
        interval: Its 95 % interval.
        times_ours: How many times as long as our reading, from paired rounds.
        times_ours_interval: Its 95 % interval.
        processor: Of the median, what its processor was busy.
        first: The first look of a process, median.
        imports: What it imports before, median.
    """

    program: str
    median: float
    interval: tuple[float, float]
    times_ours: float
    times_ours_interval: tuple[float, float]
    processor: float
    first: float
    imports: float


class Child:
    """A process that looks when it is told to.

    Args:
        program: A name in :mod:`benchmarks.peers.gpu_listers`.
        environment: Its variables.
    """

    def __init__(self, program: str, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "benchmarks.peers.gpu_listers", program]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, env=dict(environment), cwd=ROOT, stdin=pipe, stdout=pipe, text=True
        )
        (self.imports,) = self._answer()
        self.first, _ = self.look(1)

    def look(self, times: int) -> tuple[float, float]:
        """Seconds of one look, and those of the processor."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{times}\n")
        self._process.stdin.flush()
        wall, own = self._answer()
        return wall, own

    def end(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> list[float]:
        assert self._process.stdout is not None
        return [float(each) for each in self._process.stdout.readline().split()]


@contextmanager
def children(programs: Sequence[str], environment: Mapping[str, str]) -> Iterator[list[Child]]:
    """A process for each program."""
    with ExitStack() as stack:
        found = []
        for program in programs:
            found.append(Child(program, environment))
            stack.callback(found[-1].end)
        yield found


def compared(programs: Sequence[str], environment: Mapping[str, str], rounds: int) -> list[Row]:
    """All programs, in turns."""
    looks = timed_in_turns(programs, environment, rounds)
    starts = [started(programs, environment) for _ in range(FRESH)]
    return [
        row_of(
            program,
            looks[program],
            looks[OURS],
            imports=statistics.median(start[program][0] for start in starts),
            first=statistics.median(start[program][1] for start in starts),
        )
        for program in programs
    ]


def timed_in_turns(
    programs: Sequence[str], environment: Mapping[str, str], rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Seconds of the looks of each round, and those of the processor."""
    times: dict[str, list[tuple[float, float]]] = {program: [] for program in programs}
    orders = balanced_orders(len(programs), np.random.default_rng(0))
    with children(programs, environment) as each:
        for order in islice(orders, rounds):
            for index in order:
                times[programs[index]].append(each[index].look(IN_A_ROW))
    return times


def started(
    programs: Sequence[str], environment: Mapping[str, str]
) -> dict[str, tuple[float, float]]:
    """Seconds to import, and of the first look, in a fresh process each."""
    with children(programs, environment) as each:
        return {
            program: (child.imports, child.first)
            for program, child in zip(programs, each, strict=True)
        }


def row_of(
    program: str,
    looks: Sequence[tuple[float, float]],
    ours: Sequence[tuple[float, float]],
    *,
    imports: float,
    first: float,
) -> Row:
    """The row of one program."""
    seconds = [wall for wall, _ in looks]
    against = compare_paired(seconds, [wall for wall, _ in ours])
    return Row(
        program,
        statistics.median(seconds),
        median_interval(seconds) or (0.0, 0.0),
        against.speedup,
        against.interval or (0.0, 0.0),
        statistics.median(own for _, own in looks),
        first,
        imports,
    )


def show(rows: Sequence[Row]) -> None:
    """One line a row, in milliseconds."""
    print(
        f"{'ms':24}{'median':>9} {'95 % interval':>20}{'processor':>11}{'first':>9}{'imports':>9}"
    )
    for row in rows:
        low, high = (1000 * each for each in row.interval)
        interval = f"({low:.2f} to {high:.2f})"
        numbers = f"{1000 * row.median:9.2f} {interval:>20}{1000 * row.processor:11.2f}"
        fresh = f"{1000 * row.first:9.1f}{1000 * row.imports:9.1f}"
        times = f"  {row.times_ours:.1f} times ours" if row.program != OURS else ""
        print(f"{row.program:24}{numbers}{fresh}{times}")
