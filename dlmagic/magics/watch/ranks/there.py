"""What an engine does for ``%watch --on``: watch its own model, and tell what it has measured."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from dlmagic.cluster.there.here import Here
from dlmagic.cluster.there.stuck import StuckCells
from dlmagic.codec import encode
from dlmagic.finding import Finding
from dlmagic.magics.watch.flusher import PERIOD, THREAD, Flusher
from dlmagic.magics.watch.models import model_called, watcher_of
from dlmagic.magics.watch.named_loss import NamedLoss
from dlmagic.magics.watch.patterns import chosen
from dlmagic.magics.watch.ranks.wire import Packer
from dlmagic.magics.watch.sample_result import Culprit, Overhead, Silent
from dlmagic.magics.watch.uninterrupted import uninterrupted
from dlmagic.magics.watch.verdicts.judge import Judge
from dlmagic.magics.watch.watcher import OF_PARTS, Layer, Rate, Watcher

_FEW = 16
_LONGEST_REST = 2.5
"""Of more ranks than a few, each tells less often, down to this many seconds: one kernel hears
them all."""

_watches: dict[str, RankWatch] = {}
"""What is watched on this engine, by the name of the model."""


def begin(
    here: Here, model: str, rate: Mapping[str, Any], layers: str, loss: str
) -> dict[str, Any]:
    """Watch the model of this name; what it consists of.

    Args:
        here: The engine.
        model: Its name in the engine's namespace, or a path such as ``trainer.model``.
        rate: The fields of a :class:`Rate`.
        layers: Pattern of the layers to measure.
        loss: Name of the loss; empty for none.

    Raises:
        InputError: There is no such model, or no such layer.
    """
    end(here, model)
    found = model_called(model, here.namespace)
    watcher = watcher_of(found, (), Rate(**rate))
    watcher.choose(chosen(layers, watcher.layers))
    named = NamedLoss(loss, here.namespace) if loss and here.is_first else None
    watch = _watches[model] = RankWatch(here, watcher, named)
    watch.begin()
    return {
        "framework": watcher.framework,
        "kind": type(found).__name__,
        "layers": encode(watcher.layers, tuple[Layer, ...]),
        "parts": bool(getattr(watcher, "has_parts", False)),
    }


def choose(_here: Here, model: str, layers: Sequence[str]) -> None:
    """Measure these layers from the next step on."""
    if model in _watches:
        _watches[model].watcher.choose(layers)


def pause(_here: Here, model: str) -> None:
    """Measure nothing for a while."""
    if model in _watches:
        _watches[model].watcher.pause()


def resume(_here: Here, model: str) -> None:
    """Measure again."""
    if model in _watches:
        _watches[model].watcher.resume()


def end(_here: Here, model: str) -> None:
    """Watch the model of this name no longer; the last that was measured is told."""
    watch = _watches.pop(model, None)
    if watch is not None:
        watch.end()


class RankWatch:
    """The listener of one engine's watcher, and what it tells the notebook a few times a second.

    Args:
        here: The engine.
        watcher: Measures the model.
        loss: Looks at the loss; None where nobody asks for it here.
    """

    def __init__(self, here: Here, watcher: Watcher, loss: NamedLoss | None) -> None:
        self.watcher = watcher
        self._tell, self._loss = here.tell, loss
        self._stuck = StuckCells(here.namespace, self._was_stuck)
        self._judge, self._packer = Judge(framework=watcher.framework), Packer()
        self._flusher = Flusher(self._work, min(_LONGEST_REST, PERIOD * max(1.0, here.size / _FEW)))
        self._turn = threading.Lock()
        self._standing: dict[str, Any] = {}

    def begin(self) -> None:
        """Attach."""
        self._stuck.begin()
        self.watcher.begin(self)

    def end(self) -> None:
        """Detach, and tell the rest."""
        try:
            self.watcher.end()
            self._flusher.stop()
            uninterrupted(partial(self._flush, wait=True), THREAD)
            self._tell({"ended": True})
        finally:
            self._stuck.end()

    def step_ended(self, step: int) -> None:  # noqa: ARG002 - the watcher counts
        """See :class:`~dlmagic.magics.watch.watcher.Listener`."""
        self._flusher.wake()

    def loss_wanted(self) -> object:
        """Likewise."""
        return None if self._loss is None else self._loss.value()

    def heeds_all(self) -> bool:
        """Nothing ends the training of a rank."""
        return False

    def wants_end(self) -> bool:
        """Likewise."""
        return False

    def not_finite(self, culprit: Culprit, *, over: bool = False) -> None:  # noqa: ARG002
        """Likewise."""
        self._judge.look_at_culprit(culprit)
        self._tell({"culprit": encode(culprit, Culprit)})

    def _was_stuck(self, cut_off: bool) -> None:
        """A cell waited for other ranks although it was interrupted."""
        self._tell({"stuck": "cut off" if cut_off else "left"})

    def _work(self) -> bool:
        """What the flusher does; whether more is under way."""
        try:
            return self._flush()
        except Exception as error:  # the training must not suffer
            self._tell({"failed": f"{type(error).__name__}: {error}"})
            return False

    def _flush(self, *, wait: bool = False) -> bool:
        with self._turn:
            samples, losses = self.watcher.take(wait=wait), self.watcher.losses()
            for sample in samples:
                self._judge.look(sample)
            told = {
                "steps": self.watcher.steps,
                "skipped": self.watcher.skipped,
                "samples": [self._packer.pack(each) for each in samples],
                "losses": encode(tuple(losses), tuple[tuple[int, float], ...]),
                "overhead": encode(self.watcher.overhead(), Overhead),
                **self._news(),
            }
            self._tell(told)
        return bool(samples)

    def _news(self) -> dict[str, Any]:
        """How things stand, as far as that has changed."""
        notes = (*self.watcher.notes(), *([self._loss.note()] if self._loss else []))
        standing = {
            "findings": encode(self._judge.findings, tuple[Finding, ...]),
            "silent": encode(self.watcher.silent(), tuple[Silent, ...]),
            "notes": [note for note in notes if note and note != OF_PARTS],  # put together
        }
        news = {key: value for key, value in standing.items() if self._standing.get(key) != value}
        self._standing = standing
        return news


def plain_rate(rate: Rate) -> dict[str, Any]:
    """A rate as it travels; what is measured must be the same steps on all ranks."""
    return dataclasses.asdict(dataclasses.replace(rate, together=True))
