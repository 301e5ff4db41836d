"""The steps of ``fit`` of Keras on JAX: pure functions, which are looked at as the user's are."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, Any

import jax

from dlmagic.magics.watch.jax.looking import Looking, shown
from dlmagic.magics.watch.jax.step import Given, Step

if TYPE_CHECKING:
    from dlmagic.magics.watch.keras.training import Training

_FIT_ONLY = (
    "Keras runs on JAX: steps of fit() are measured; of a loop of your own, those of "
    "dlmagic.watch(step_function)."
)


class JaxFit:
    """Measures the steps of one model.

    Args:
        training: The training that they belong to.
    """

    def __init__(self, training: Training) -> None:
        self._training, self._account = training, training.account
        self._step = Step(training.model.train_step, self._train_step, frozenset())
        self._looking: Looking | None = None
        self._in_batch = False
        self._account.note(_FIT_ONLY)

    def _train_step(self, state: Any, data: Any) -> Any:
        return self._training.model.train_step(state, data)

    def hear(self, layer: str, kind: str, result: Any) -> None:
        """A layer has returned; of interest only while a step is looked at."""
        if self._looking is not None and self._looking.is_tracing:
            self._looking.hear(layer, kind, result)
            self._training.heard.ended(layer, result)

    def around_batch(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``train_on_batch``, whose step is told only when the model has got what it has made."""

        def train_on_batch(*args: Any, **kwargs: Any) -> Any:
            self._in_batch = True
            try:
                result = original(*args, **kwargs)
            finally:
                self._in_batch = False
            self._account.step_ended()
            return result

        return train_on_batch

    def make(self, function: Callable[..., Any], state: Any, batches: Any) -> Any:
        """A step of ``fit``, measured if it is its turn."""
        account = self._account
        due, own = account.is_due(), 0.0
        if due:
            batch = next(batches)
            batches = chain([batch], batches)
            jax.block_until_ready(state)
            began = perf_counter()
            self._look(account.steps + 1, state, batch)
            own = perf_counter() - began
        result = function(state, batches)
        account.steps += 1
        account.stopwatch.step_ended(account.steps, steps=1, measured=due, own=own)
        if not self._in_batch:
            account.step_ended()
        return result

    def _look(self, step: int, state: Any, batch: Any) -> None:
        training, account = self._training, self._account
        if self._looking is None:
            names = [training.owner_of(each) for each in training.model.trainable_variables]
            self._looking = Looking(self._step, exact=account.rate.exact, names=names)
        try:
            pieces, measured = self._looking.look(Given.of(self._step, (state, batch), {}))
        except Exception as error:  # the training must not suffer
            account.note(f"fit() cannot be measured ({type(error).__name__}: {error}).")
            return
        finally:
            training.heard.clear()
        account.heed(training.model.optimizer)
        hidden = training.hidden()
        account.deliver(step, pieces, measured, hidden=hidden, shown=shown(pieces))
