"""Sees that gradients are not finite, and finds out why before the weights have it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from dlmagic.magics.watch.sample_result import Culprit
from dlmagic.magics.watch.torch.culprit.finding import (
    find_culprit,
    keep_call,
    keep_gradients,
    trained_weight,
)
from dlmagic.magics.watch.torch.kept_calls import KeptCalls
from dlmagic.magics.watch.torch.measuring import Measuring
from dlmagic.magics.watch.torch.sentinel import Sentinel


class Alarm:
    """Keeps the calls of one model, looks at its gradients, and runs a call again if they are bad.

    Attributes:
        ringing: Whether the last gradients were not finite, which is told once.
        diagnosing: Whether a call is run again just now, which is none of the training's.
        waits: Whether a device tells only later that something was not finite.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._calls = KeptCalls()
        self._draws: bool | None = None
        self.ringing = self.diagnosing = self.waits = False

    def watch(self, parameters: Iterable[nn.Parameter]) -> None:
        """Look at the gradients of these from now on."""
        self._sentinel = Sentinel(parameters)
        self.waits = self._sentinel.waits
        self._weight: nn.Parameter | None = None

    def keep(self, step: int, args: Any, kwargs: Any, *, measured: bool) -> None:
        """Keep a call that is about to begin.

        Args:
            step: The step that it belongs to.
            args: What the model is called with.
            kwargs: What it is called with by name.
            measured: Whether the step is measured; then it is asked whether the model draws.
        """
        draws = measured or self._draws is not False
        if self._weight is None or not self._weight.requires_grad:
            self._weight = trained_weight(self._model)
        call = keep_call(self._model, args, kwargs, weight=self._weight, draws=draws)
        self._calls.add(step, call, waits=self.waits)

    def returned(self, output: object, came: Callable[[], object]) -> None:
        """The call that is kept has returned; its gradients are kept with it.

        Args:
            output: What it returned.
            came: Called when a gradient has arrived there.
        """
        call = self._calls.last
        if call is not None:
            keep_gradients(call, output, came)

    def see_whether_it_draws(self) -> None:
        """Whether calls of the model draw random numbers; asked of those that are measured."""
        if self._calls.last is not None and not self._draws:
            self._draws = self._calls.last.has_drawn()

    def look(self, step: int, owned: Collection[int], skips: Tensor | None) -> None:
        """Look at the gradients of a step; see :meth:`Sentinel.look`."""
        self._sentinel.look(step, owned, skips)

    @property
    def has_news(self) -> bool:
        """Whether gradients may have stopped being finite, or become finite again."""
        return self.ringing or bool(self._sentinel.under_way)

    def culprit(self, measuring: Measuring) -> Culprit | None:
        """Who is to blame, where gradients have stopped being finite; None where they have not."""
        step = self._sentinel.not_finite()
        if step is None:
            self.ringing = self.ringing and not self._sentinel.was_finite
            return None
        if self.ringing:
            return None
        self.ringing = True
        with self._unheard(measuring):
            kept, are_all = self._calls.of(step), self._calls.has_all_of(step)
            return find_culprit(self._model, kept, step, are_all=are_all)

    def forget(self) -> None:
        """Let the calls go."""
        self._calls.clear()

    @contextmanager
    def _unheard(self, measuring: Measuring) -> Iterator[None]:
        """What is called meanwhile is neither counted nor measured."""
        self.diagnosing = measuring.deaf = True
        try:
            yield
        finally:
            self.diagnosing = False
            measuring.deaf = measuring.failure is not None
