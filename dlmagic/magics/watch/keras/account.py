"""What has been seen of one model's training: steps, samples, losses, and what there is to say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from dlmagic.magics.watch.arrived import Arrived
from dlmagic.magics.watch.clockwork import UNKNOWN, Stopwatch
from dlmagic.magics.watch.gathering import Gathering, Piece
from dlmagic.magics.watch.keras.accumulation import (
    OF_EACH_BATCH,
    adds_up,
    without_updates_of_none,
)
from dlmagic.magics.watch.keras.faults import culprit_of
from dlmagic.magics.watch.keras.layers import Found
from dlmagic.magics.watch.measures import Measured
from dlmagic.magics.watch.pacing import Pacing
from dlmagic.magics.watch.sample_result import Sample, Silent
from dlmagic.magics.watch.watcher import Listener, Rate


class Account:
    """Keeps what those who measure steps find, and tells the listener of it.

    Args:
        found: The model's layers.
        chosen: Paths of those to measure.
        rate: How often.

    Attributes:
        steps: Steps of the optimiser so far.
        skipped: Steps that were left out because scaled gradients were not finite.
        paused: Whether nothing is to be measured.
        samples: Wait to be taken.
        losses: Wait to be taken, with their steps.
    """

    def __init__(self, found: Found, chosen: frozenset[str], rate: Rate) -> None:
        self.found, self.chosen, self.rate = found, chosen, rate
        self.steps, self.skipped, self.paused = 0, 0, False
        self._adds_up = False
        self.samples: Arrived[Sample] = Arrived()
        self.losses: Arrived[tuple[int, float]] = Arrived()
        self.pacing = Pacing(rate)
        self.stopwatch = Stopwatch(self.pacing)
        self._gathering = Gathering(exact=rate.exact)
        self._listener: Listener | None = None
        self._notes: list[str] = []
        self._fired: set[str] = set()

    def open(self, listener: Listener) -> None:
        """From now on somebody listens."""
        self._listener = listener

    def close(self) -> None:
        """Nobody listens any more."""
        self._listener = None

    @property
    def is_open(self) -> bool:
        """Whether anybody listens."""
        return self._listener is not None

    def is_due(self) -> bool:
        """Whether the next step is to be measured."""
        return not self.paused and self.is_open and self.pacing.due(self.steps + 1)

    def heed(self, optimizer: Any) -> None:
        """Know of the optimiser that makes the next step."""
        self._adds_up = adds_up(optimizer)
        if self._adds_up:
            self.note(OF_EACH_BATCH)

    def note(self, text: str) -> None:
        """Tell the user, once."""
        if text not in self._notes:
            self._notes.append(text)

    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return tuple(self._notes)

    def silent(self, inside: Collection[str] = ()) -> tuple[Silent, ...]:
        """Chosen layers whose outputs were in no sample.

        Args:
            inside: Layers that are known to run inside a loop or a function of a graph.
        """
        if not self.pacing.sampled:
            return ()
        about = self.found.about()
        return tuple(
            Silent(
                name,
                about[name].kind,
                "it runs inside a loop or a function of the graph"
                if name in inside
                else "no step that was measured has called it",
            )
            for name in self.found.layers
            if name in self.chosen and name not in self._fired
        )

    def deliver(
        self,
        step: int,
        pieces: list[Piece],
        measured: list[Measured],
        *,
        hidden: Collection[str] = (),
        shown: list[int] | None = None,
    ) -> None:
        """A step was measured.

        Args:
            step: The step.
            pieces: What was measured.
            measured: The numbers.
            hidden: Layers that are known to be hidden ones.
            shown: Places of the pieces that are to be shown; all by default.
        """
        if not measured:
            return
        places: Sequence[int] = range(len(pieces)) if shown is None else shown
        if self._adds_up:
            places = without_updates_of_none(pieces, measured, places)
        about = self.found.about(hidden)
        sample = self._gathering.sample(step, pieces, measured, about, self.chosen, places)
        self._fired |= {row.layer for row in sample.rows if row.quantity == "activation"}
        self.samples.add(sample)

    def is_not_finite(self, step: int, suspects: Any, faults: Any) -> None:
        """Tell of values that are not finite."""
        culprit = culprit_of(step, suspects, faults, self.found.about())
        if culprit is not None and self._listener is not None:
            self._listener.not_finite(culprit)

    def step_ended(self, loss: float = UNKNOWN) -> None:
        """Tell that a step has ended; raises what the session raises."""
        listener = self._listener
        if listener is None:
            return
        if loss == loss:
            self.losses.add((self.steps, loss))
        else:
            self._ask_for_loss(listener)
        self.stopwatch.resume()
        listener.step_ended(self.steps)

    def _ask_for_loss(self, listener: Listener) -> None:
        value: Any = listener.loss_wanted()
        if value is not None:
            self.losses.add((self.steps, float(value)))
