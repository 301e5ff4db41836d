"""Trainings that dlmagic watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from benchmarks.watched_models import Training
from dlmagic.magics.watch.export.exporter import Exporter
from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.torch_watcher import TorchWatcher
from dlmagic.magics.watch.watcher import Rate

NEVER = 10**9


class Quiet:
    """Is told, and does nothing."""

    def step_ended(self, step: int) -> None:
        """A step has ended."""

    def loss_wanted(self) -> object:
        """No loss was named."""
        return None

    def not_finite(self, culprit: Culprit) -> None:
        """Values are not finite."""
        raise AssertionError(f"a healthy model was called ill: {culprit}")


@contextmanager
def plain(training: Training) -> Iterator[Callable[[], None]]:
    """Nobody watches."""
    yield training.step


@contextmanager
def watched(
    training: Training, rate: Rate, exporter: Exporter | None = None
) -> Iterator[Callable[[], None]]:
    """A watcher, and a thread that takes what it has measured, as that of a session does."""
    watcher = TorchWatcher(training.model, _names(training), rate)
    ended = Event()
    taker = Thread(target=_take, args=(watcher, ended, exporter))
    watcher.begin(Quiet())
    taker.start()
    try:
        yield training.step
    finally:
        watcher.end()
        ended.set()
        taker.join()


def _take(watcher: TorchWatcher, ended: Event, exporter: Exporter | None) -> None:
    while not ended.wait(0.25):
        for sample in watcher.take():
            if exporter is not None:
                exporter.write(sample)


def _names(training: Training) -> list[str]:
    return [name for name, _ in training.model.named_modules()]
