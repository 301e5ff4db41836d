"""What it costs to watch a cell with ``%%tensors``, to list tensors, and to explain nothing.

A training cell runs plainly, plainly once more, and under ``%%tensors``, in turns, with the same
model, and notes when each of its steps began: the first steps are watched, all others run after
observation has ended. The second plain run is the control: how far from 1 is chance.
Steps are timed by the processor's clock, so that neighbours of this process do not count.
Ends with an error where a limit is missed.
Run: ``python -m benchmarks.tensors.watching [--write]``; takes three minutes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from time import perf_counter, process_time
from types import SimpleNamespace

import torch
from torch import nn

from benchmarks.recording import record
from dlmagic.cell.function import compile_cell
from dlmagic.cell.source import CellSource
from dlmagic.display.html import render
from dlmagic.frameworks.torch.operation_recorder import STEPS
from dlmagic.magics.bench.paired import compare_paired
from dlmagic.magics.tensors.engine import table_of
from dlmagic.magics.tensors.explain.magic import ExplainMagics
from dlmagic.magics.tensors.request import Request
from dlmagic.magics.tensors.silent.engine import watch_cell
from dlmagic.magics.tensors.view import document

CELL = """
for _ in range({steps}):
    times.append(clock())
    optimizer.zero_grad()
    loss = loss_of(model(inputs), targets)
    loss.backward()
    optimizer.step()
times.append(clock())
"""
SECONDS_IDLE = 1e-3
AFTER_THE_END = 1.01


@dataclass(frozen=True)
class Workload:
    """A training step.

    Attributes:
        name: How long it takes.
        width: Of its layers.
        layers: How many.
        batch: Samples.
        steps: In a cell.
        rounds: Cells of each kind.
        limit: At most so many times slower while it is watched.
    """

    name: str
    width: int
    layers: int
    batch: int
    steps: int
    rounds: int
    limit: float


WORKLOADS = (
    Workload("0.3 ms step", 64, 1, 32, steps=400, rounds=120, limit=5.0),
    Workload("20 ms step", 512, 6, 256, steps=14, rounds=60, limit=1.3),
)


@dataclass(frozen=True)
class Row:
    """One training step, plain and under ``%%tensors``.

    Attributes:
        workload: Which.
        plain: Seconds of a step, median.
        ratio: Watched over plain, the first steps of a cell, from paired cells.
        ratio_interval: Its 95 % interval.
        after: All steps that come after observation has ended, over plain ones, likewise.
        after_interval: Its 95 % interval.
        control: The same steps of the second plain run, over those of the first.
        control_interval: Its 95 % interval.
        limit: At most so many times slower while it is watched.
    """

    workload: str
    plain: float
    ratio: float
    ratio_interval: tuple[float, float]
    after: float
    after_interval: tuple[float, float]
    control: float
    control_interval: tuple[float, float]
    limit: float

    def missed(self) -> Iterator[str]:
        """Limits that are missed beyond doubt."""
        if self.ratio_interval[0] > self.limit:
            yield f"{self.workload}: {self.ratio:.2f}x while watched, at most {self.limit}"
        if self.after_interval[0] > AFTER_THE_END:
            yield f"{self.workload}: {self.after:.3f}x afterwards, at most {AFTER_THE_END}"


def names_of(workload: Workload) -> dict[str, object]:
    """What the cell needs."""
    width, batch = workload.width, workload.batch
    layers = [nn.Linear(width, width) for _ in range(workload.layers)]
    model = nn.Sequential(*layers, nn.ReLU(), nn.Linear(width, 1))
    return {
        "torch": torch,
        "model": model,
        "inputs": torch.randn(batch, width),
        "targets": torch.randn(batch, 1),
        "optimizer": torch.optim.SGD(model.parameters(), lr=1e-6),
        "loss_of": nn.functional.mse_loss,
        "clock": process_time,
    }


def plainly(source: CellSource, names: dict[str, object]) -> None:
    """Run the cell as a notebook does."""
    compile_cell(source, names, as_module=True).commit()


def watched(source: CellSource, names: dict[str, object]) -> None:
    """Run it as ``%%tensors --hints`` does."""
    watch_cell(source, names, lambda _file: None, hints=True)


WAYS: dict[str, Callable[[CellSource, dict[str, object]], None]] = {
    "plain": plainly,
    "plain again": plainly,
    "watched": watched,
}


def steps_in_turns(workload: Workload) -> dict[str, list[list[float]]]:
    """Seconds of each step, by way and cell; the first cell of each warms up."""
    source = CellSource.from_text(CELL.format(steps=workload.steps))
    names, found = names_of(workload), {way: list[list[float]]() for way in WAYS}
    for each in range(workload.rounds + 1):
        for way in turned(list(WAYS), each):
            times: list[float] = []
            WAYS[way](source, names | {"times": times})
            found[way].append([end - start for start, end in pairwise(times)])
    return {way: cells[1:] for way, cells in found.items()}


def turned(ways: list[str], count: int) -> list[str]:
    """The ways in another order each time, so that each comes after each of the others."""
    first = count % len(ways)
    order = ways[first:] + ways[:first]
    return order if count % 2 else order[::-1]


def measured(workload: Workload) -> Row:
    """The watched steps and those after them, against the same steps of plain cells."""
    times = steps_in_turns(workload)
    first = {way: [sum(cell[:STEPS]) for cell in cells] for way, cells in times.items()}
    later = {way: [sum(cell[STEPS:]) for cell in cells] for way, cells in times.items()}
    observed = compare_paired(first["watched"], first["plain"])
    ended = compare_paired(later["watched"], later["plain"])
    control = compare_paired(later["plain again"], later["plain"])
    return Row(
        workload.name,
        statistics.median(later["plain"]) / (workload.steps - STEPS),
        observed.speedup,
        observed.interval or (0.0, 0.0),
        ended.speedup,
        ended.interval or (0.0, 0.0),
        control.speedup,
        control.interval or (0.0, 0.0),
        workload.limit,
    )


def added_to_a_cell(rounds: int = 30) -> float:
    """Seconds that `%%tensors` adds to a cell whatever is in it, median."""
    source, names = CellSource.from_text("pass"), names_of(WORKLOADS[0])
    added = [
        seconds(lambda: watched(source, names)) - seconds(lambda: plainly(source, names))
        for _ in range(rounds)
    ]
    return statistics.median(added)


def idle(rounds: int = 10_000) -> float:
    """Seconds of the event after a cell that has not failed, mean."""
    events = SimpleNamespace(register=lambda *_: None)
    magics = ExplainMagics(SimpleNamespace(events=events, configurables=[]))
    result = SimpleNamespace(error_in_exec=None)
    return seconds(lambda: [magics._after_cell(result) for _ in range(rounds)]) / rounds


def table(count: int = 10_000) -> tuple[float, float]:
    """Seconds to find and to draw so many tensors of a notebook, each with a name of its own."""
    names = {f"tensor_{k}": torch.ones(3, 4) for k in range(count)}
    finding = seconds(lambda: table_of(Request(names)))
    found = table_of(Request(names))
    return finding, seconds(lambda: render(document(found)))


def seconds(call: Callable[[], object]) -> float:
    """What one call takes."""
    start = perf_counter()
    call()
    return perf_counter() - start


def show(rows: Sequence[Row], others: Mapping[str, float]) -> None:
    """One line for each figure."""
    for row in rows:
        print(f"{row.workload}, {row.plain * 1e3:.2f} ms plain:")
        print(f"  {_ratio(row.ratio, row.ratio_interval)} while watched")
        print(f"  {_ratio(row.after, row.after_interval)} afterwards")
        print(f"  {_ratio(row.control, row.control_interval)} plain against plain")
    for name, value in others.items():
        print(f"{name.replace('_', ' ')}: {value * 1e3:.4g} ms")


def _ratio(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f}x ({interval[0]:.3f} to {interval[1]:.3f})"


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [measured(each) for each in WORKLOADS]
    finding, drawing = table()
    others = {
        "added_to_a_watched_cell": added_to_a_cell(),
        "idle_a_cell": idle(),
        "finding_10000_tensors": finding,
        "drawing_10000_tensors": drawing,
    }
    show(rows, others)
    if options.write:
        figures = {
            "watched_steps": STEPS,
            "rows": [asdict(row) for row in rows],
            "seconds": others,
        }
        record("tensors_watching", ("torch", "numpy"), figures)
    missed = [text for row in rows for text in row.missed()]
    if others["idle_a_cell"] > SECONDS_IDLE:
        missed.append(f"{others['idle_a_cell'] * 1e3:.2f} ms a cell that does not fail")
    if missed:
        sys.exit("\n".join(missed))


if __name__ == "__main__":
    main()
