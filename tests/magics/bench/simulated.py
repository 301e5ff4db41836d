"""A simulated machine: its clock, its noise, and runners whose true speed is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import repeat

import numpy as np

from dlmagic.magics.bench.clock import Clock
from dlmagic.magics.bench.measurement import Progress

Noise = Callable[["Machine"], Iterator[float]]
"""Factors by which the work of one block after the other takes longer."""


class Machine(Clock):
    """A clock that moves only when runners work.

    Args:
        noise: Makes the factors.
        seed: Of the noise.
        tick: Seconds to which the clock rounds down; 0 for a perfect one.
    """

    def __init__(self, noise: Noise | None = None, seed: int = 0, tick: float = 0.0) -> None:
        self.random = np.random.default_rng(seed)
        self.time = 0.0
        self.tick = tick
        self.place = 0
        self.working = 0.0
        self._factors = noise(self) if noise else repeat(1.0)

    def now(self) -> float:
        return math.floor(self.time / self.tick) * self.tick if self.tick else self.time

    def work(self, seconds: float) -> None:
        if not seconds:  # a block without calls, by which nothing is slowed down
            return
        self.working = seconds
        self.time += seconds * next(self._factors)

    def new_round(self, progress: Progress) -> None:
        """To be told of progress, so that the noise can depend on the place in a round."""
        self.place = 0


class FakeRunner:
    """A runner that costs what it is told to.

    Args:
        machine: Where it runs.
        name: Its name.
        seconds: A call, before noise.
        hook: Called with the number of each call (from 1); may raise, take time or count events.
    """

    def __init__(
        self,
        machine: Machine,
        name: str = "eager",
        seconds: float = 1e-3,
        hook: Callable[[FakeRunner, int], None] | None = None,
    ) -> None:
        self.machine = machine
        self.name = name
        self.seconds = seconds
        self.hook = hook
        self.called = 0
        self.restored = 0
        self.counts: dict[str, int] = {}

    def restore(self) -> None:
        self.restored += 1
        self.machine.place += 1

    def run(self, calls: int) -> None:
        for _ in range(calls if self.hook else 0):
            self.called += 1
            assert self.hook is not None
            self.hook(self, self.called)
        self.machine.work(calls * self.seconds)

    def run_cold(self, flush: Callable[[], object], clock: Machine) -> float:
        flush()
        start = clock.now()
        self.run(1)
        return clock.now() - start

    def synchronise(self) -> None:
        pass

    def events(self) -> Mapping[str, int]:
        return self.counts


def normal(machine: Machine, deviation: float = 0.05) -> Iterator[float]:
    while True:
        yield max(0.1, 1 + machine.random.normal(0, deviation))


def lognormal(machine: Machine) -> Iterator[float]:
    while True:
        yield machine.random.lognormal(0, 0.3)


def autoregressive(machine: Machine, memory: float = 0.95) -> Iterator[float]:
    level = 0.0
    while True:
        level = memory * level + machine.random.normal(0, 0.05)
        yield math.exp(level)


def drift(machine: Machine) -> Iterator[float]:
    """20 % slower by the end of a second, with 2 % of noise."""
    while True:
        yield (1 + 0.2 * min(1.0, machine.time)) * (1 + machine.random.normal(0, 0.02))


def step(machine: Machine) -> Iterator[float]:
    """20 % slower from 0.4 s on, as when a neighbour wakes up."""
    while True:
        yield (1.2 if machine.time > 0.4 else 1.0) * (1 + machine.random.normal(0, 0.02))


def spikes(machine: Machine) -> Iterator[float]:
    while True:
        spike = 10.0 if machine.random.random() < 0.05 else 1.0
        yield spike * (1 + machine.random.normal(0, 0.02))


def bimodal(machine: Machine) -> Iterator[float]:
    while True:
        mode = 1.3 if machine.random.random() < 0.5 else 1.0
        yield mode * (1 + machine.random.normal(0, 0.01))


def first_place(machine: Machine) -> Iterator[float]:
    """Whoever runs first in a round is 10 % slower."""
    while True:
        yield (1.1 if machine.place == 1 else 1.0) * (1 + machine.random.normal(0, 0.02))


def busy_neighbour(machine: Machine) -> Iterator[float]:
    """Slices of 4 ms are taken away now and then: the longer the work, the likelier."""
    while True:
        slices = machine.random.poisson(machine.working / 0.008)
        yield 1 + slices * 4e-3 / machine.working + abs(machine.random.normal(0, 0.02))


NOISES: dict[str, Noise] = {
    "normal": normal,
    "lognormal": lognormal,
    "autoregressive 0.95": autoregressive,
    "autoregressive 0.5": lambda machine: autoregressive(machine, 0.5),
    "drift": drift,
    "step": step,
    "spikes": spikes,
    "bimodal": bimodal,
    "quantised": normal,
    "first place": first_place,
    "busy neighbour": busy_neighbour,
}


def machine_with(name: str, seed: int) -> Machine:
    return Machine(NOISES[name], seed, tick=1e-6 if name == "quantised" else 0.0)
