"""How long each call of a layer takes, forward and backward: the median of a few runs.

The forward pass is timed by hooks on modules, the backward pass by hooks on the nodes that a
call has made; gradients are handed out and dropped, nobody's ``.grad`` is touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import torch
from torch import nn

from dlmagic.magics.watch.summary.calls import Call
from dlmagic.magics.watch.summary.torch_calls import CallTracker, NodeOwners, differentiate
from dlmagic.magics.watch.summary.torch_counting import undisturbed
from dlmagic.magics.watch.summary.torch_inputs import Arguments

MOST_RUNS = 5
ENOUGH_SECONDS = 2.0

Mark = Any
"""A moment: a number of seconds, or an event of a device that is yet to come."""


class _ProcessorClock:
    """Moments on a processor, whose operations are done when they return.

    It stands still while we do something of our own.
    """

    def __init__(self) -> None:
        self._stood_still = 0.0

    def now(self) -> Mark:
        return time.perf_counter() - self._stood_still

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self._stood_still += time.perf_counter() - begin

    def settle(self) -> None:
        """Nothing is under way."""

    def between(self, begin: Mark, end: Mark) -> float:
        return float(end - begin)


class _CudaClock:
    """Moments on a GPU, told by events; it is waited for once, at the end of a run."""

    def now(self) -> Mark:
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        yield  # a GPU goes on with what is queued

    def settle(self) -> None:
        torch.cuda.synchronize()

    def between(self, begin: Mark, end: Mark) -> float:
        return float(begin.elapsed_time(end)) / 1e3


class TimedRun(CallTracker):
    """One run of a model, forward and backward, in which moments are noted.

    Args:
        modules: The model's modules by their paths.
        clock: Tells moments.
    """

    def __init__(self, modules: Mapping[str, nn.Module], clock: Any) -> None:
        super().__init__(modules)
        self._model = modules[""]
        self._clock = clock
        self._nodes = NodeOwners()
        self._forward: dict[Call, list[Mark]] = {}
        self._backward: dict[Call, list[Mark]] = {}

    def run(self, arguments: Arguments) -> None:
        """Run the model, and fill in the times of its calls."""
        given = arguments.fresh()
        with undisturbed():
            with self.following():
                result = self._model(*given.positional, **given.keywords)
            with self._nodes.hooked(self._moment, self._moment):
                inputs = (given.positional, given.keywords)
                differentiate(result, self._model.parameters(), inputs)
        self._clock.settle()
        for call in self.calls:
            call.forward_seconds = self._spent(self._forward[call])
            if call in self._backward:
                call.backward_seconds = self._spent(self._backward[call])

    def begin(self, call: Call, given: object) -> None:
        """Note when it begins."""
        with self._clock.standing_still():
            self._nodes.assign(given, call.parent)
        self._forward[call] = [self._clock.now()]

    def end(self, call: Call, result: object) -> None:
        """Note when it has ended."""
        self._forward[call].append(self._clock.now())
        with self._clock.standing_still():
            self._nodes.assign(result, call)

    def _moment(self, call: Call) -> None:
        self._backward.setdefault(call, []).append(self._clock.now())

    def _spent(self, marks: Sequence[Mark]) -> float:
        pairs = zip(marks[::2], marks[1::2], strict=False)
        return float(sum(self._clock.between(begin, end) for begin, end in pairs))


def add_times(
    calls: Sequence[Call],
    modules: Mapping[str, nn.Module],
    arguments: Arguments,
    before_first: Callable[[Callable[[], None]], None],
) -> int:
    """Measure, and note the medians at these calls.

    Args:
        calls: The calls of an earlier run.
        modules: The model's modules by their paths.
        arguments: What it is called with.
        before_first: Runs the first run, which warms up and is not measured.

    Returns:
        How many runs were measured; 0 where runs do not call the same layers.
    """
    clock = _CudaClock() if _on_cuda(modules[""]) else _ProcessorClock()
    before_first(lambda: TimedRun(modules, clock).run(arguments))
    runs: list[TimedRun] = []
    end = time.perf_counter() + ENOUGH_SECONDS
    while not runs or (len(runs) < MOST_RUNS and time.perf_counter() < end):
        runs.append(TimedRun(modules, clock))
        runs[-1].run(arguments)
    paths = [call.path for call in calls]
    if any([call.path for call in run.calls] != paths for run in runs):
        return 0
    for call, *measured in zip(calls, *(run.calls for run in runs), strict=True):
        call.forward_seconds = _median([each.forward_seconds for each in measured])
        call.backward_seconds = _median([each.backward_seconds for each in measured])
    return len(runs)


def _median(times: Sequence[float | None]) -> float | None:
    known = [each for each in times if each is not None]
    return median(known) if known else None


def _on_cuda(model: nn.Module) -> bool:
    return any(each.device.type == "cuda" for each in model.parameters())
