"""Ways to train the same model, timed in turns of a random, balanced order."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.watched_models import Training
from dlmagic.magics.bench.order import balanced_orders

SPREAD = 0.2
"""This share of the rounds is left out at either end, so that a busy moment counts little."""

RESAMPLED = 5000

Estimate = Callable[[NDArray[np.intp]], NDArray[np.float64]]
"""What rounds give, which are named in rows."""


def _nothing() -> None:
    pass


def _none() -> int:
    return 0


@dataclass(frozen=True)
class Watched:
    """A training that somebody watches.

    Attributes:
        step: Does one step of it.
        settle: Does what other threads would do soon after: it belongs to the cost of the steps.
        measured: How many steps have been measured so far, where that is asked for.
        attach: Watches it again.
        detach: Leaves it alone for now, as if nobody watched.
    """

    step: Callable[[], None]
    settle: Callable[[], object] = _nothing
    measured: Callable[[], int] = _none
    attach: Callable[[], object] = _nothing
    detach: Callable[[], object] = _nothing


Attach = Callable[[Training], AbstractContextManager[Watched]]
"""Watches a training."""


@dataclass(frozen=True)
class Way:
    """One way to train.

    Attributes:
        name: What watches.
        attach: How it does.
        steps: Of a block: where one step in so many is measured, a whole number of these.
        before: Steps of a block that are not timed, before the others: what is done once, when
            watching begins, is then over.
        lasting: Whether it goes on watching in each block, and does not begin anew: for what finds
            its rate while it watches.
        alone: Whether it trains a model of its own, because it leaves something behind on it. All
            others train the same one in turns: where its values lie in memory makes a step longer
            or shorter by up to 1 %.
    """

    name: str
    attach: Attach
    steps: int
    before: int = 1
    lasting: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Figure:
    """An estimate.

    Attributes:
        value: From all rounds.
        interval: Its 95 % interval, from resampled rounds.
    """

    value: float
    interval: tuple[float, float]


Times = Mapping[str, NDArray[np.float64]]
"""Seconds of a step, by way and round."""

Counts = Mapping[str, NDArray[np.intp]]
"""Steps that were measured, by way and round."""


def in_turns(
    ways: Sequence[Way],
    make: Callable[[], Training],
    rounds: int,
    clock: Callable[[], float] = perf_counter,
) -> Times:
    """Seconds of a step in each block; the first round warms up."""
    return counted_in_turns(ways, make, rounds, clock)[0]


def counted_in_turns(
    ways: Sequence[Way],
    make: Callable[[], Training],
    rounds: int,
    clock: Callable[[], float] = perf_counter,
) -> tuple[Times, Counts]:
    """The same, and how many steps were measured in each block."""
    orders = balanced_orders(len(ways), np.random.default_rng(0))
    found: dict[str, list[tuple[float, int]]] = {way.name: [] for way in ways}
    with ExitStack() as stack:
        same = _made(make)
        blocks = [
            stack.enter_context(_Blocks(way, _made(make) if way.alone else same, clock))
            for way in ways
        ]
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        for order in islice(orders, rounds + 1):
            gc.collect(1)
            for index in order:
                found[ways[index].name].append(blocks[index].taken())
    times = {name: np.array([seconds for seconds, _ in each[1:]]) for name, each in found.items()}
    counts = {name: np.array([count for _, count in each[1:]]) for name, each in found.items()}
    return times, counts


def _made(make: Callable[[], Training]) -> Training:
    torch.manual_seed(0)
    return make()


class _Blocks(ExitStack):
    """Blocks of one way: of a few steps each, after some that are not timed."""

    def __init__(self, way: Way, training: Training, clock: Callable[[], float]) -> None:
        super().__init__()
        self._way, self._training, self._clock = way, training, clock
        lasting = self.enter_context(way.attach(training)) if way.lasting else None
        self._lasting: Watched | None = lasting
        if lasting is not None:
            lasting.detach()

    def taken(self) -> tuple[float, int]:
        """Seconds of a step, mean of a block, and how many steps were measured in it."""
        if self._lasting is None:
            with self._way.attach(self._training) as watched:
                return self._timed(watched)
        self._lasting.attach()
        try:
            return self._timed(self._lasting)
        finally:
            self._lasting.detach()

    def _timed(self, watched: Watched) -> tuple[float, int]:
        for _ in range(self._way.before):
            watched.step()
        watched.settle()
        before, begun = watched.measured(), self._clock()
        for _ in range(self._way.steps):
            watched.step()
        watched.settle()
        return (self._clock() - begun) / self._way.steps, watched.measured() - before


def ratio(times: Times, way: str, to: str, spread: float = SPREAD) -> Figure:
    """How many times as long a step takes in one way, from paired rounds."""
    ratios = times[way] / times[to]
    return _figure(len(ratios), partial(_of_drawn, ratios, spread))


def ratio_by_measured(
    times: Times, counts: NDArray[np.intp], way: str, to: str, spread: float = SPREAD
) -> Figure:
    """The same where few blocks have a measured step, each of which would count as an extreme.

    Blocks with as many measured steps are taken together, without their extremes; what they give
    counts by how many they are (post-stratification), which is not left to chance.
    """
    ratios = times[way] / times[to]
    alike = [ratios[counts == count] for count in np.unique(counts)]
    parts = [_figure_and_draws(len(each), partial(_of_drawn, each, spread)) for each in alike]
    shares = [len(each) / len(ratios) for each in alike]
    value = sum(share * value for share, (value, _) in zip(shares, parts, strict=True))
    draws = sum(share * draws for share, (_, draws) in zip(shares, parts, strict=True))
    return Figure(value, _interval(np.asarray(draws)))


def ratio_of_added(times: Times, way: str, to: str, plain: str) -> Figure:
    """How many times as much one way adds to a plain step as another, from paired rounds."""
    more, less = times[way] - times[plain], times[to] - times[plain]
    return _figure(len(more), lambda rounds: _middle(more[rounds]) / _middle(less[rounds]))


def added(times: Times, way: str, plain: str) -> Figure:
    """Seconds that a way adds to a plain step."""
    more = times[way] - times[plain]
    return _figure(len(more), partial(_of_drawn, more, SPREAD))


def _figure(rounds: int, estimate: Estimate) -> Figure:
    value, draws = _figure_and_draws(rounds, estimate)
    return Figure(value, _interval(draws))


def _figure_and_draws(rounds: int, estimate: Estimate) -> tuple[float, NDArray[np.float64]]:
    """What all rounds give, and what resampled ones do."""
    drawn = np.random.default_rng(0).integers(rounds, size=(RESAMPLED, rounds))
    return float(estimate(np.arange(rounds)[None])[0]), estimate(drawn)


def _interval(draws: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _of_drawn(
    values: NDArray[np.float64], spread: float, rounds: NDArray[np.intp]
) -> NDArray[np.float64]:
    return _middle(values[rounds], spread)


def _middle(values: NDArray[np.float64], spread: float = SPREAD) -> NDArray[np.float64]:
    """Mean of what is left without the extremes, by the last axis."""
    cut = int(spread * values.shape[-1])
    return np.asarray(np.sort(values, axis=-1)[..., cut : values.shape[-1] - cut].mean(axis=-1))
