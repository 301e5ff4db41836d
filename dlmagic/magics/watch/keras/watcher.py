"""Watching a model of Keras train: with ``fit``, or in a loop of the user's own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import keras

from dlmagic.magics.watch.keras.layers import layers_in
from dlmagic.magics.watch.keras.training import Training
from dlmagic.magics.watch.sample_result import Overhead, Sample, Silent, Untrained
from dlmagic.magics.watch.watcher import Layer, Listener, Rate


def is_model(value: object) -> bool:
    """Whether this is a model of Keras."""
    return isinstance(value, keras.Model)


class KerasWatcher:
    """Measures a model in the steps of its optimiser, whoever makes them.

    Args:
        model: A model of Keras, built or not.
        layers: Paths of the layers to measure; none means all.
        rate: How often.
    """

    framework = "keras"

    def __init__(self, model: Any, layers: Collection[str], rate: Rate) -> None:
        found = layers_in(model)
        self.layers: tuple[Layer, ...] = found.told()
        self._training = Training(model, found, frozenset(layers or found.layers), rate)
        self._account = self._training.account

    @property
    def steps(self) -> int:
        """Steps of the optimiser so far."""
        return self._account.steps

    @property
    def skipped(self) -> int:
        """Steps that were left out because scaled gradients were not finite."""
        return self._account.skipped

    def begin(self, listener: Listener) -> None:
        """Attach: functions that Keras has traced are traced again."""
        self._training.begin(listener)

    def choose(self, layers: Collection[str]) -> None:
        """Measure these layers; ``fit`` traces its step again where it did not measure them."""
        self._training.choose(frozenset(layers))

    def pause(self) -> None:
        """Measure nothing until :meth:`resume`."""
        self._account.paused = True

    def resume(self) -> None:
        """Measure again."""
        self._account.paused = False

    def take(self, *, wait: bool = False) -> list[Sample]:  # noqa: ARG002 - all have arrived
        """Samples since it was last called."""
        return self._account.samples.taken()

    def losses(self) -> list[tuple[int, float]]:
        """Steps and losses since it was last called."""
        return self._account.losses.taken()

    def overhead(self) -> Overhead:
        """What watching has cost."""
        return self._account.pacing.overhead()

    def silent(self) -> tuple[Silent, ...]:
        """Chosen layers whose outputs were in no sample."""
        return self._training.silent()

    def untrained(self) -> tuple[Untrained, ...]:
        """None: nobody tells."""
        return ()

    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return self._account.notes()

    def end(self) -> None:
        """Detach."""
        self._training.end()
