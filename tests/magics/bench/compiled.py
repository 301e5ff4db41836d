"""Whole benchmarks of one cell in modes of chosen adapters, such as a compiler that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dlmagic.cell.output import StreamOutput
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.bench.choice import Choice
from dlmagic.magics.bench.contestants import Contestant
from dlmagic.magics.bench.report import result_of
from dlmagic.magics.bench.request import Request, Surroundings
from dlmagic.magics.bench.result import BenchResult
from dlmagic.magics.bench.run import Run
from dlmagic.magics.bench.stages import first_runs, run_all
from tests.magics.bench.parts import Steps


def run_modes(
    text: str,
    names: dict[str, object],
    modes: dict[str, tuple[str, Framework]],
    frameworks: tuple[Framework, ...],
    seconds: float = 0.2,
) -> tuple[BenchResult, Run]:
    """Benchmark a cell; ``modes`` gives mode and adapter by arm, the reference first."""
    steps = Steps(text, dict(names), frameworks=frameworks)
    request = Request(steps.source, steps.namespace, seconds=seconds)
    surroundings = Surroundings(StreamOutput())
    choices = [
        Choice(name, steps.subject, mode, framework) for name, (mode, framework) in modes.items()
    ]
    with frameworks[-1].counting():
        checks = first_runs([steps.subject], steps.subject, request, surroundings)
        run = run_all(choices, choices[0], checks, request, surroundings)
        result = result_of(request, choices[0].name, run, 0.0)
    return result, run


def sleeps(seconds: float) -> Callable[..., Any]:
    """A backend for ``torch.compile`` that takes its time and changes nothing."""

    def backend(graph: Any, inputs: Any) -> Any:
        time.sleep(seconds)
        return graph.forward

    return backend


def call_again(contestant: Contestant) -> dict[str, int]:
    """What is compiled when a mode that has been timed is called once more."""
    runner = contestant.runner
    assert runner is not None
    before = dict(runner.events())
    runner.restore()
    runner.run(1)
    runner.restore()
    after = runner.events()
    return {name: after[name] - count for name, count in before.items() if after[name] != count}
