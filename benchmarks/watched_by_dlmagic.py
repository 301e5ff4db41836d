"""Trainings that dlmagic watches."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from benchmarks.peers.training_watchers import WandbWatch
from benchmarks.watched_in_turns import Watched
from benchmarks.watched_models import Training
from dlmagic.magics.watch.export.exporter import Exporter, exporter
from dlmagic.magics.watch.pacing import EARLY
from dlmagic.magics.watch.sample_result import Culprit, Sample
from dlmagic.magics.watch.session import WatchSession
from dlmagic.magics.watch.torch.watcher import TorchWatcher
from dlmagic.magics.watch.twin import watch
from dlmagic.magics.watch.watcher import Rate

NEVER = 10**9
"""One step in so many: the first one, and no other."""

SETTLED = EARLY
"""Measured steps after which the budget decides, and the rate is known."""

_numbers = count()  # of one name there is one session, and they are watched at the same time


@contextmanager
def plain(training: Training) -> Iterator[Watched]:
    """Nobody watches."""
    yield Watched(training.step)


@contextmanager
def watched(
    training: Training, every: int | None = None, *, exact: bool = False, first: int = 0
) -> Iterator[Watched]:
    """As ``%watch`` does; by default at the rate that the budget allows.

    Args:
        training: What is watched.
        every: One step in so many is measured.
        exact: Whether all values are looked at.
        first: So many steps are measured before it begins.
    """
    session = _session(training, every, exact=exact)
    try:
        while session.overhead.sampled < first:
            training.step()
        yield _watched_by(session, training)
    finally:
        session.stop()


def rate_found(training: Training, steps: int) -> int:
    """One step in so many is measured at the default rate, after so many steps."""
    session = _session(training, None)
    for _ in range(steps):
        training.step()
    session.stop()
    return session.overhead.every


def writing(training: Training, times: int = 10) -> dict[str, float]:
    """Seconds of the processor that it takes to write one sample, by where it is written."""
    given, run = _sample(training), WandbWatch()
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "wandb": _seconds(exporter("wandb"), given, times, lambda: run.run.log({})),
            "TensorBoard": _seconds(exporter(f"tensorboard:{folder}"), given, times),
        }
    run.close()
    return found


def _seconds(
    to: Exporter, given: Sample, times: int, row: Callable[[], object] = lambda: None
) -> float:
    to.write(given)
    begun = to.seconds
    for _ in range(times):
        row()
        to.write(given)
    seconds = to.seconds - begun
    to.close()
    return seconds / times


def _watched_by(session: WatchSession, training: Training) -> Watched:
    watcher = session.watcher
    assert isinstance(watcher, TorchWatcher)
    engine = watcher.engine
    assert engine is not None

    def sampled() -> int:
        return session.overhead.sampled

    def settle() -> None:
        if session.past.samples < sampled():
            session.findings  # noqa: B018 - takes what was measured

    return Watched(training.step, settle, sampled, engine.attach, engine.detach)


def _session(training: Training, every: int | None, *, exact: bool = False) -> WatchSession:
    return watch(training.model, every=every, exact=exact, name=f"model {next(_numbers)}")


def _sample(training: Training) -> Sample:
    names = [name for name, _ in training.model.named_modules()]
    watcher = TorchWatcher(training.model, names, Rate(every=1))
    watcher.begin(_Silent())
    training.step()
    (found,) = watcher.take(wait=True)
    watcher.end()
    return found


class _Silent:
    """Is told, and does nothing."""

    def step_ended(self, step: int) -> None:
        """A step has ended."""

    def loss_wanted(self) -> object:
        """No loss was named."""
        return None

    def heeds_all(self) -> bool:
        """Nothing ends on a NaN."""
        return False

    def not_finite(self, culprit: Culprit) -> None:
        """Values are not finite."""
