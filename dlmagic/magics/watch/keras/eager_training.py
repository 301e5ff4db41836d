"""The steps of a model of Keras that run at once: told as they end, or when ``fit`` has them."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from dlmagic.magics.watch.clockwork import UNKNOWN
from dlmagic.magics.watch.keras import eager_steps
from dlmagic.magics.watch.keras.subject import Subject

if TYPE_CHECKING:
    from dlmagic.magics.watch.keras.training import Training


class EagerTraining:
    """Measures the steps of one model while they are made.

    Args:
        training: The training that they belong to.
    """

    def __init__(self, training: Training) -> None:
        self._training, self._account = training, training.account
        self._untold = False  # a step of fit that fit has not come back from
        self._loss = UNKNOWN

    def make(self, proceed: Callable[[], Any], subject: Subject) -> Any:
        """Make a step, measured if it is its turn.

        Args:
            proceed: Makes it.
            subject: What it has to show.
        """
        account, began = self._account, perf_counter()
        step, due = account.steps + 1, account.is_due()
        if not eager_steps.is_finite(subject):
            account.is_not_finite(step, *eager_steps.faults_of(subject))
        own = perf_counter() - began
        if due:
            timed = _Timed(proceed)
            result = self._measure(step, timed, subject)
            own = perf_counter() - began - timed.seconds
        else:
            result = proceed()
        account.steps = step
        account.stopwatch.step_ended(step, steps=1, measured=due, own=own)
        self._end_step(eager_steps.number(subject.loss))
        return result

    def tell(self) -> bool:
        """A step of ``fit`` is over; returns whether one of these steps has been told with it."""
        if not self._untold:
            return False
        self._untold = False
        self._account.step_ended(self._loss)
        return True

    def _measure(self, step: int, timed: _Timed, subject: Subject) -> Any:
        account, training = self._account, self._training
        wanted, exact = subject.of_layers(account.chosen), account.rate.exact
        result, pieces, measured = eager_steps.measure_step(
            timed, wanted, training.axes, exact=exact
        )
        account.deliver(step, pieces, measured, hidden=training.hidden())
        return result

    def _end_step(self, loss: float) -> None:
        if self._training.train_function.is_running:
            self._untold, self._loss = True, loss
        else:
            self._account.step_ended(loss)


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
