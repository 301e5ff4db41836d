"""The measurement: warm up, calibrate, then rounds in which every runner takes its turn."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import numpy as np

from dlmagic.devices.load import Reading, load_between, read_load
from dlmagic.magics.bench.budget import Budget
from dlmagic.magics.bench.clock import Clock, WallClock
from dlmagic.magics.bench.measurement import Ending, Measurement
from dlmagic.magics.bench.order import cycle_length
from dlmagic.magics.bench.preparing import calibrate, warm_all_up
from dlmagic.magics.bench.rounds import Rounds
from dlmagic.magics.bench.runner import Flush, Runner
from dlmagic.magics.bench.second_copy import add_second_copy
from dlmagic.magics.bench.session import OnProgress, Session
from dlmagic.magics.bench.stopping import MAXIMUM_ROUNDS, checkpoints

MINIMUM_BLOCK = 0.005
"""Seconds that a block lasts at least: many thousand times what a clock reading costs."""
LONGER_TOGETHER = 4
"""Times as long where several ranks line up for each block: they start some 0.1 ms apart."""
MINIMUM_ROUNDS = 10


def measure(
    runners: Sequence[Runner],
    *,
    seconds: float,
    clock: Clock | None = None,
    seed: int = 0,
    same_calls: bool = False,
    on_progress: OnProgress | None = None,
    reference: str | None = None,
    minimum_rounds: int = MINIMUM_ROUNDS,
    maximum_rounds: int = MAXIMUM_ROUNDS,
    min_block: float = MINIMUM_BLOCK,
    read: Callable[[], Reading] = read_load,
    flush: Flush | None = None,
) -> Measurement:
    """Time runners against each other.

    An exception in a runner makes that one failed and stops no other. An interrupt ends the
    measurement with the rounds that were complete. State is put back before each block, not
    at the end: that is the caller's.

    Args:
        runners: At least one, each with a name of its own.
        seconds: Wall time for all of it, compiling not counted; above zero. Two rounds are
            run in any case.
        clock: Where time is read; the machine's clock by default.
        seed: Of the order in which runners take turns.
        same_calls: Whether all runners make equally many calls in a block, as they must where
            calls change the state that later calls see.
        on_progress: Told before each step; it delays the next block, so it must be quick.
        reference: Name of the runner that others are compared with; the first by default.
        minimum_rounds: Rounds before a narrow interval may end it, if the budget allows.
        maximum_rounds: Rounds after which it ends in any case.
        min_block: Seconds that a block should last at least.
        read: Reads who used the processors so far.
        flush: Empties caches before every timed block, which then is one call.

    Raises:
        ValueError: No runners, names that are not their own, or no time.
    """
    names = tuple(runner.name for runner in runners)
    first = reference or (names[0] if names else "")
    if first not in names or len(set(names)) < len(names) or not seconds > 0:
        raise ValueError("measure() needs runners with names of their own, and seconds above 0.")
    importlib.import_module("scipy.stats")  # takes most of a second, which is not the cell's
    clock = clock or WallClock()
    clock.decided(None)  # ranks begin together
    budget = Budget(clock, seconds)
    running = {runner.name: runner for runner in runners}
    session = Session(names, first, budget, on_progress, running, flush=flush)
    ending: Ending = "interrupted"
    with suppress(KeyboardInterrupt), _collector_as_found():
        warm_all_up(session)
        least = min_block if clock.alone else min_block * LONGER_TOGETHER
        calibrate(session, min_block=least, same_calls=same_calls)
        add_second_copy(session)
        cycle = cycle_length(max(1, len(session.running)))
        looks = checkpoints(cycle, minimum_rounds, maximum_rounds)
        with _watching_load(session, read):
            ending = Rounds(session, np.random.default_rng(seed), looks).run()
    return session.result(ending)


@contextmanager
def _watching_load(session: Session, read: Callable[[], Reading]) -> Iterator[None]:
    """See who else computes during the rounds, also where an interrupt ends them."""
    start = read()
    try:
        yield
    finally:
        session.load = load_between(start, read())


@contextmanager
def _collector_as_found() -> Iterator[None]:
    """Put the garbage collector back, even where an interrupt hit a block's own clean-up."""
    enabled = gc.isenabled()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
