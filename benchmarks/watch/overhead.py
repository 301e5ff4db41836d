"""What does ``%watch`` add to a training step, beside wandb.watch, TensorBoard and TorchLens?

Three models are trained in many ways, in blocks of a random, balanced order, on two threads:
plainly, plainly once more (the control: how far from 1 is chance), watched between samples, at the
default rate, at every step, and exactly; then beside the others, as often measured as they measure.
Intervals are of resampled rounds. Ends with an error where a limit is missed.
Run: ``python -m benchmarks.watch.overhead [--write] [--quick]``; needs wandb, tensorboard and
torchlens, and twelve minutes on a machine that does nothing else. ``--quick`` takes few rounds on
one thread, by the processor's clock: for a first look on a busy machine, not for limits.
``--write`` also writes the table of ``docs/watch-cost.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter, process_time

import torch

from benchmarks.recording import record, with_text
from benchmarks.watch_proofs import (
    AGAIN,
    DEFAULT,
    EXACT,
    IDLE,
    LIMITS,
    OURS,
    RECORD,
    SAMPLED,
    TENSORBOARD,
    TRACE,
    WANDB,
    Measured,
    Plan,
    measured,
    traced,
)
from benchmarks.watched_in_turns import Figure

PAGE = Path(__file__).parents[2] / "docs" / "watch-cost.md"
QUICK = Plan(clock=process_time, idle=6, rounds=6, beside=5, longest=0.5)
PACKAGES = ("torch", "numpy", "wandb", "tensorboard", "torchlens")
WAYS = (AGAIN, IDLE, DEFAULT, SAMPLED, EXACT, RECORD, TRACE)


def all_measured(plan: Plan, models: Sequence[str]) -> list[Measured]:
    """All figures. TorchLens comes last: it puts itself around the functions of PyTorch."""
    found = []
    for model in models:
        begun = perf_counter()
        found.append(measured(model, plan))
        print(f"{model}: measured in {perf_counter() - begun:.0f} s", flush=True)
    for each in found:
        traced(each, plan)
    return found


def table_of(found: Sequence[Measured]) -> str:
    """The figures in Markdown."""
    lines = [
        _line("", [each.model for each in found]),
        _line("---", ["---"] * len(found)),
        _line("a plain step", [f"{1000 * each.plain:.1f} ms" for each in found]),
    ]
    lines += [_line(_named(way), [_ratio(each.ratios[way]) for each in found]) for way in WAYS]
    lines.append(_line("the default rate is", [f"one step in {each.every}" for each in found]))
    for every in sorted({every for each in found for every in each.added}):
        lines += _beside(found, every)
    lines += [
        _line(f"writing a sample to {to}", [f"{1000 * each.writing[to]:.0f} ms" for each in found])
        for to in found[0].writing
    ]
    return "\n".join(lines)


def _beside(found: Sequence[Measured], every: int) -> list[str]:
    often = "every step" if every == 1 else f"one step in {every}"
    cells: dict[str, Callable[[Measured], str]] = {
        OURS: lambda each: _milliseconds(each.added[every][OURS]),
        WANDB: lambda each: _times(each, every, WANDB),
        TENSORBOARD: lambda each: _times(each, every, TENSORBOARD),
    }
    return [
        _line(
            f"added to a step by {name}, {often}",
            [cell(each) if every in each.added else "" for each in found],
        )
        for name, cell in cells.items()
    ]


def _times(found: Measured, every: int, way: str) -> str:
    figure = found.times[every][way]
    low, high = figure.interval
    more = f"{figure.value:.0f} times as much ({low:.0f} to {high:.0f})"
    return f"{_milliseconds(found.added[every][way])}, {more}"


def _named(way: str) -> str:
    return f"{way}, over a plain step"


def _milliseconds(figure: Figure) -> str:
    milliseconds = 1000 * figure.value
    return f"{milliseconds:,.0f} ms" if milliseconds >= 100 else f"{milliseconds:.2g} ms"


def _ratio(figure: Figure) -> str:
    low, high = figure.interval
    return f"{figure.value:.3f}x ({low:.3f} to {high:.3f})"


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, print, and keep the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="keep the figures")
    parser.add_argument("--quick", action="store_true", help="few rounds, one thread")
    parser.add_argument("--models", nargs="+", default=list(LIMITS), choices=list(LIMITS))
    options = parser.parse_args()
    if options.write and (options.quick or options.models != list(LIMITS)):
        parser.error("--write keeps figures of all models, in full")
    threads = 1 if options.quick else 2
    torch.set_num_threads(threads)
    found = all_measured(QUICK if options.quick else Plan(), options.models)
    print(table_of(found))
    if options.write:
        figures = {"threads": threads, "models": [asdict(each) for each in found]}
        record("watch_overhead", PACKAGES, figures)
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_text(page, "overhead", table_of(found)), encoding="utf-8")
    if missed := [text for each in found for text in each.missed()]:
        sys.exit("\n".join(missed))


if __name__ == "__main__":
    main()
