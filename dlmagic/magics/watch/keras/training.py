"""The training of one model of Keras: hears of its calls and steps, and has them measured."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import partial
from typing import Any

import keras

from dlmagic.frameworks.keras import _compat as compat
from dlmagic.magics.watch.keras.account import Account
from dlmagic.magics.watch.keras.calls import Replaced, hear_calls
from dlmagic.magics.watch.keras.eager_training import EagerTraining
from dlmagic.magics.watch.keras.layers import Found, unit_axis
from dlmagic.magics.watch.keras.ownership import Ownership
from dlmagic.magics.watch.keras.steps import hear_steps, stop_hearing
from dlmagic.magics.watch.keras.subject import Heard, Subject
from dlmagic.magics.watch.keras.train_function import TrainFunction
from dlmagic.magics.watch.sample_result import Silent
from dlmagic.magics.watch.watcher import Listener, Rate


class Training:
    """Attaches to a model, and gives each of its steps to who measures those of its kind.

    Args:
        model: The model.
        found: Its layers.
        chosen: Paths of those to measure.
        rate: How often.
    """

    def __init__(self, model: Any, found: Found, chosen: frozenset[str], rate: Rate) -> None:
        self.model = model
        self.account = Account(found, chosen, rate)
        self.axes = {name: unit_axis(layer) for name, layer in found.layers.items()}
        self._found = found
        self._heard = Heard(len(found.layers), found.models())
        self._ownership = Ownership(found)
        self._attached = ExitStack()
        self._eager = EagerTraining(self)
        self._graphs = _graph_training(self)
        self._fit = _fit_on_jax(self)
        self.train_function = TrainFunction(model, self._fit_step)

    def begin(self, listener: Listener) -> None:
        """Attach."""
        self.account.open(listener)
        replaced = Replaced()
        self._attached.callback(self.train_function.make_again)
        self._attached.callback(self._heard.clear)
        self._attached.callback(replaced.end)
        ended = self._heard.ended if self._fit is None else self._tell_fit
        hear_calls(replaced, self._found.layers, self._heard.begun, ended)
        replaced.replace(self.model, "compute_loss", self._hear_loss)
        self.train_function.hear(replaced)
        if self._fit is not None:
            replaced.replace(self.model, "train_on_batch", self._fit.around_batch)
        hear_steps(self._around)
        self._attached.callback(stop_hearing, self._around)
        self.train_function.make_again()
        if self._graphs is not None:
            self._attached.enter_context(self._graphs.attached())

    def end(self) -> None:
        """Detach."""
        self._attached.close()
        self.account.close()

    def choose(self, chosen: frozenset[str]) -> None:
        """Measure other layers."""
        self.account.chosen = chosen
        if self._graphs is not None:
            self._graphs.choose(chosen)

    def silent(self) -> tuple[Silent, ...]:
        """Chosen layers whose outputs were in no sample."""
        if self._graphs is None:
            return self.account.silent()
        return () if self._graphs.is_compiled else self.account.silent(self._graphs.hidden)

    def hidden(self) -> Collection[str]:
        """Layers that no model ends with, as far as its calls are heard."""
        return self._found.layers.keys() - self._heard.ends

    def owner_of(self, variable: Any) -> tuple[str, str]:
        """Layer and name of a variable of the model."""
        self._ownership.has_any([variable])
        return self._ownership.owners.get(id(variable), ("", variable.name))

    def _tell_fit(self, path: str, result: Any) -> None:
        self._fit.hear(path, type(self._found.layers[path]).__name__, result)

    def _hear_loss(self, original: Any) -> Any:
        def compute_loss(*args: Any, **kwargs: Any) -> Any:
            loss = original(*args, **kwargs)
            self._heard.loss_was(loss)
            return loss

        return compute_loss

    def _fit_step(self, function: Callable[..., Any], *args: Any) -> Any:
        """A step of ``fit`` or of ``train_on_batch``, and what follows it."""
        if self._fit is not None:
            return self._fit.make(function, *args)
        try:
            result = self.train_function.run(function, *args)
        finally:
            self._eager.end_step()
        if not self._eager.tell() and self._graphs is not None:
            self._graphs.look()
        return result

    def _around(
        self, go_on: Callable[..., Any], optimizer: Any, gradients: Any, variables: Any
    ) -> Any:
        """A step of an optimiser."""
        gradients = list(gradients)
        variables = list(compat.trained_by(optimizer) if variables is None else variables)
        is_told = self.account.is_open and self._fit is None
        if not is_told or not self._ownership.has_any(variables):
            return go_on(gradients, variables)
        self.account.heed(optimizer)
        proceed = partial(go_on, gradients, variables)
        if self._graphs is not None and self._graphs.is_tracing():
            return self._graphs.write(proceed, optimizer, gradients, variables)
        return self._eager.make(proceed, self.subject(optimizer, gradients, variables))

    def subject(
        self,
        optimizer: Any,
        gradients: list[Any],
        variables: list[Any],
        usable: Callable[[Any], bool] = lambda _: True,
    ) -> Subject:
        """What the step has to show."""
        scale = getattr(optimizer, "loss_scale_factor", None)
        if scale is not None:
            gradients = [each if each is None else each / scale for each in gradients]
        return self._heard.subject(gradients, variables, self._ownership.owners, usable)

    @property
    def heard(self) -> Heard:
        """What was heard since the model was last called."""
        return self._heard


def _graph_training(training: Training) -> Any:
    """What measures in graphs; None where the backend has none."""
    if keras.backend.backend() != "tensorflow":
        return None
    from dlmagic.magics.watch.tensorflow.training import GraphTraining

    return GraphTraining(training)


def _fit_on_jax(training: Training) -> Any:
    """What measures steps of ``fit`` on JAX; None on another backend."""
    if keras.backend.backend() != "jax":
        return None
    from dlmagic.magics.watch.jax.keras_fit import JaxFit

    return JaxFit(training)
