"""Trainings that dlmagic watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks.watched_models import Training
from dlmagic.magics.watch.session import WatchSession
from dlmagic.magics.watch.twin import watch

Step = Callable[[], None]
NEVER = 10**9


@contextmanager
def plain(training: Training) -> Iterator[Step]:
    """Nobody watches."""
    yield training.step


@contextmanager
def watched(training: Training, every: int | None = None, *, exact: bool = False) -> Iterator[Step]:
    """As ``%watch`` does; by default at the rate that the budget allows.

    Raises:
        AssertionError: The model is called ill, though it is not.
    """
    session = _session(training, every, exact=exact)
    try:
        yield training.step
    finally:
        session.stop()
    ill = [each for each in session.findings if each.level == "error"]
    assert not ill, ill


def rate_found(training: Training, steps: int) -> int:
    """One step in so many is measured at the default rate, after so many steps."""
    session = _session(training, None)
    for _ in range(steps):
        training.step()
    session.stop()
    return session.overhead.every


def _session(training: Training, every: int | None, *, exact: bool = False) -> WatchSession:
    return watch(training.model, every=every, exact=exact, name="model")
