"""What a framework's watcher does for a session, and what it is told by it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from dlmagic.magics.watch.sample_result import Culprit, Overhead, Sample, Silent, Untrained

OF_PARTS = "Each number is of the part of a tensor that this process has."
"""The note of a watcher whose process has parts of the parameters, and others have the rest."""


@dataclass(frozen=True)
class Layer:
    """A layer that can be watched.

    Attributes:
        name: Its path in the model; empty for the model itself.
        kind: Its class.
        also: Other paths of the same layer.
        parameters: How many values its own parameters have, without those of layers inside.
        unbuilt: Whether it may still get parameters of its own.
        loops: Whether it calls layers inside it in a loop, where they may not be seen.
    """

    name: str
    kind: str
    also: tuple[str, ...] = ()
    parameters: int = 0
    unbuilt: bool = False
    loops: bool = False


@dataclass(frozen=True)
class Rate:
    """How often a step is measured.

    Attributes:
        budget: Share of the training time that measuring may take, such as 0.01.
        every: One step in so many instead; None keeps to the budget.
        exact: Whether all values are looked at.
        together: Whether other processes train the same model: then the steps that are measured
            lie on a grid of powers of two, so that all of them measure some of the same.
        binding: Whether the user named the budget: then to look for a NaN keeps to it as well, and
            is not done at every step where steps are short.
    """

    budget: float = 0.01
    every: int | None = None
    exact: bool = False
    together: bool = False
    binding: bool = False


class Listener(Protocol):
    """Who is told, in the thread that trains."""

    def step_ended(self, step: int) -> None:
        """A step of the optimiser has ended. What this raises ends the training there."""

    def loss_wanted(self) -> object:
        """The value that the user named as the loss, as it is now; None if there is none."""

    def heeds_all(self) -> bool:
        """Whether each step must be looked at for a NaN, because the training is to end on one."""

    def wants_end(self) -> bool:
        """Whether the training is to end, so that :meth:`step_ended` ends it."""

    def not_finite(self, culprit: Culprit, *, over: bool = False) -> None:
        """Values of this step are not finite.

        Told before the optimiser changes the weights where the device allows, and at most two
        steps later otherwise.

        Args:
            culprit: Where they came from.
            over: Whether the step cannot be left out any more: the training can end after it.
        """


class Watcher(Protocol):
    """One model of one framework, watched from :meth:`begin` to :meth:`end`."""

    framework: str
    layers: tuple[Layer, ...]
    steps: int
    skipped: int
    """How often gradients were used by no step, as where a gradient scaler skips it."""

    def begin(self, listener: Listener) -> None:
        """Attach. Nothing of the model changes that a user could see."""

    def choose(self, layers: Collection[str]) -> None:
        """Measure these layers, by their paths, from the next step on; at any time, any thread."""

    def pause(self) -> None:
        """Measure nothing until :meth:`resume`; steps are still counted."""

    def resume(self) -> None:
        """Measure again."""

    def take(self, *, wait: bool = False) -> list[Sample]:
        """Samples that have arrived since it was last called, oldest first; any thread.

        Args:
            wait: Wait for the device to finish those that are under way.
        """

    def losses(self) -> list[tuple[int, float]]:
        """Steps and losses that have arrived since it was last called."""

    def overhead(self) -> Overhead:
        """What watching has cost."""

    def silent(self) -> tuple[Silent, ...]:
        """Chosen layers that have not fired in any measured step, and why; empty before one."""

    def untrained(self) -> tuple[Untrained, ...]:
        """Layers whose parameters require gradients in vain; empty where nobody can tell."""

    def notes(self) -> tuple[str, ...]:
        """What the user should know about how this model is watched, one sentence each."""

    def end(self) -> None:
        """Detach: all handles of our own go, and no others. Ending again does nothing."""
