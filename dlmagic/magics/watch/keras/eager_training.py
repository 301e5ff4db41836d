"""The steps of a model of Keras that run at once: told as they end, or when ``fit`` has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from dlmagic.magics.watch.clockwork import UNKNOWN
from dlmagic.magics.watch.gathering import Piece
from dlmagic.magics.watch.keras import eager_steps
from dlmagic.magics.watch.keras.subject import Subject
from dlmagic.magics.watch.measures import Measured

if TYPE_CHECKING:
    from dlmagic.magics.watch.keras.training import Training


@dataclass(eq=False)
class _Step:
    """One that is being made.

    Attributes:
        number: Which it is.
        is_due: Whether it is measured.
        is_made: Whether an optimiser has made at least its part of it.
        changed: What optimisers have changed in it.
        pieces: What was measured.
        measured: The numbers.
        own: Seconds of our own doing.
        is_faulty: Whether values have been told that are not finite.
        loss: Its loss, as far as that is known.
    """

    number: int
    is_due: bool
    is_made: bool = False
    changed: set[int] = field(default_factory=set)
    pieces: list[Piece] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    own: float = 0.0
    is_faulty: bool = False
    loss: float = UNKNOWN


class EagerTraining:
    """Measures the steps of one model while they are made.

    Optimisers share a step inside a function of ``fit``, which ends it, until one of them changes
    a variable for the second time: so it is in a graph, too.

    Args:
        training: The training that they belong to.
    """

    def __init__(self, training: Training) -> None:
        self._training, self._account = training, training.account
        self._step: _Step | None = None
        self._is_untold = False  # whether a step has ended that fit has not come back from
        self._loss = UNKNOWN

    def make(self, proceed: Callable[[], Any], subject: Subject) -> Any:
        """Let an optimiser make its step, or its part of one; measured if it is its turn.

        Args:
            proceed: Makes it.
            subject: What it has to show.
        """
        step = self._step_of(changed := {id(each.variable) for each in subject.weights})
        began = perf_counter()
        if not step.is_faulty and not eager_steps.is_finite(subject):
            step.is_faulty = True
            self._account.is_not_finite(step.number, *eager_steps.faults_of(subject))
        timed = _Timed(proceed)
        result = self._measure(step, timed, subject) if step.is_due else timed()
        step.own += perf_counter() - began - timed.seconds
        loss = eager_steps.number(subject.loss)
        step.loss = loss if loss == loss else step.loss
        step.is_made = True
        step.changed |= changed
        if not self._training.train_function.is_running:
            self.end_step()
            self.tell()
        return result

    def end_step(self) -> None:
        """No optimiser shares the present step any more."""
        step, self._step = self._step, None
        if step is None or not step.is_made:
            return
        account, hidden = self._account, self._training.hidden()
        account.deliver(step.number, step.pieces, step.measured, hidden=hidden)
        account.steps = step.number
        account.stopwatch.step_ended(step.number, steps=1, measured=step.is_due, own=step.own)
        self._is_untold, self._loss = True, step.loss

    def tell(self) -> bool:
        """Tell of the last step; returns whether there was one that had not been told."""
        if not self._is_untold:
            return False
        self._is_untold = False
        self._account.step_ended(self._loss)
        return True

    def _step_of(self, changed: set[int]) -> _Step:
        """The step that is going on, or another one where that has changed any of these."""
        step = self._step
        if step is None or not step.is_made or not changed.isdisjoint(step.changed):
            self.end_step()
            step = self._step = _Step(self._account.steps + 1, self._account.is_due())
        return step

    def _measure(self, step: _Step, proceed: Callable[[], Any], subject: Subject) -> Any:
        account = self._account
        wanted, axes = subject.of_layers(account.chosen), self._training.axes
        exact = account.rate.exact
        result, pieces, measured = eager_steps.measure_step(proceed, wanted, axes, exact=exact)
        step.pieces += pieces
        step.measured += measured
        return result


class _Timed:
    """A function that is called once, and how long that took."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function, self.seconds = function, 0.0

    def __call__(self) -> Any:
        began = perf_counter()
        try:
            return self._function()
        finally:
            self.seconds = perf_counter() - began
