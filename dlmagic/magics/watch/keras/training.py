"""The training of one model of Keras: its steps, in graphs or at once, and what they show."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack
from functools import partial
from time import perf_counter
from typing import Any

import keras

from dlmagic.frameworks.keras import _compat as compat
from dlmagic.magics.watch.arrived import Arrived
from dlmagic.magics.watch.clockwork import UNKNOWN, Stopwatch
from dlmagic.magics.watch.gathering import Gathering, Piece
from dlmagic.magics.watch.keras import eager_steps as eager
from dlmagic.magics.watch.keras.calls import Replaced, hear_calls
from dlmagic.magics.watch.keras.faults import culprit_of
from dlmagic.magics.watch.keras.layers import Found, unit_axis
from dlmagic.magics.watch.keras.ownership import Ownership
from dlmagic.magics.watch.keras.steps import hear_steps, stop_hearing
from dlmagic.magics.watch.keras.subject import Heard, Subject
from dlmagic.magics.watch.measures import Measured
from dlmagic.magics.watch.pacing import Pacing
from dlmagic.magics.watch.sample_result import Sample, Silent
from dlmagic.magics.watch.watcher import Listener, Rate


class Training:
    """Hears of a model's calls and steps, and measures some of them.

    Args:
        model: The model.
        found: Its layers.
        chosen: Paths of those to measure.
        rate: How often.
    """

    def __init__(self, model: Any, found: Found, chosen: frozenset[str], rate: Rate) -> None:
        self.model, self.found, self.chosen, self.rate = model, found, chosen, rate
        self.steps, self.skipped, self.paused = 0, 0, False
        self.samples: Arrived[Sample] = Arrived()
        self.losses: Arrived[tuple[int, float]] = Arrived()
        self.pacing = Pacing(rate)
        self.stopwatch = Stopwatch(self.pacing)
        self.axes = {name: unit_axis(layer) for name, layer in found.layers.items()}
        self._heard = Heard(len(found.layers), found.models())
        self._ownership = Ownership(found)
        self._gathering = Gathering(exact=rate.exact)
        self._attached = ExitStack()
        self._listener: Listener | None = None
        self._graphs = _graph_training(self)
        self._notes: list[str] = []
        self._fit = _fit_on_jax(self)
        self._fired: set[str] = set()
        self._in_fit = 0
        self._pending = False

    def begin(self, listener: Listener) -> None:
        """Attach."""
        self._listener = listener
        replaced = Replaced()
        self._attached.callback(self._make_function_again)
        self._attached.callback(self._heard.clear)
        self._attached.callback(replaced.end)
        ended = self._heard.ended if self._fit is None else self._tell_fit
        hear_calls(replaced, self.found.layers, self._heard.begun, ended)
        replaced.replace(self.model, "compute_loss", self._hear_loss)
        replaced.replace(self.model, "make_train_function", self._hear_train_function)
        if self._fit is not None:
            replaced.replace(self.model, "train_on_batch", self._fit.around_batch)
        hear_steps(self._around)
        self._attached.callback(stop_hearing, self._around)
        self._make_function_again()
        if self._graphs is not None:
            self._attached.enter_context(self._graphs.attached())

    def end(self) -> None:
        """Detach."""
        self._attached.close()
        self._listener = None

    def choose(self, chosen: frozenset[str]) -> None:
        """Measure other layers."""
        self.chosen = chosen
        if self._graphs is not None:
            self._graphs.choose(chosen)

    def is_due(self) -> bool:
        """Whether the next step is to be measured."""
        return not self.paused and self._listener is not None and self.pacing.due(self.steps + 1)

    def note(self, text: str) -> None:
        """Tell the user, once."""
        if text not in self._notes:
            self._notes.append(text)

    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return tuple(self._notes)

    def silent(self) -> tuple[Silent, ...]:
        """Chosen layers whose outputs were in no sample."""
        if not self.pacing.sampled or (self._graphs is not None and self._graphs.is_compiled):
            return ()
        inside = self._graphs.hidden if self._graphs is not None else set()
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
        shown: list[int] | None = None,
    ) -> None:
        """A step was measured."""
        if not measured:
            return
        about = self.found.about(self._hidden())
        sample = self._gathering.sample(step, pieces, measured, about, self.chosen, shown)
        self._fired |= {row.layer for row in sample.rows if row.quantity == "activation"}
        self.samples.add(sample)

    def _hidden(self) -> Collection[str]:
        """Layers that no model ends with, as far as its calls are heard."""
        return () if self._fit is not None else self.found.layers.keys() - self._heard.ends

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

    def owner_of(self, variable: Any) -> tuple[str, str]:
        """Layer and name of a variable of the model."""
        self._ownership.has_any([variable])
        return self._ownership.owners.get(id(variable), ("", variable.name))

    def _tell_fit(self, path: str, result: Any) -> None:
        self._fit.hear(path, type(self.found.layers[path]).__name__, result)

    def _hear_loss(self, original: Any) -> Any:
        def compute_loss(*args: Any, **kwargs: Any) -> Any:
            loss = original(*args, **kwargs)
            self._heard.loss_was(loss)
            return loss

        return compute_loss

    def _hear_train_function(self, original: Any) -> Any:
        def make_train_function(force: bool = False) -> Any:
            before = vars(self.model).get("train_function")
            original(force)
            made = self.model.train_function
            if made is not before and made is not None:
                self.model.train_function = partial(self._fit_step, made)
            return self.model.train_function

        return make_train_function

    def _make_function_again(self) -> None:
        """What was traced before, or while watched, is not used any more.

        It is not taken away, as ``fit`` may be between two of its steps, and calls it next.
        """
        if self.has_fit:
            self.model.make_train_function(force=True)

    def _fit_step(self, function: Callable[..., Any], *args: Any) -> Any:
        """A step of ``fit`` or of ``train_on_batch``, and what follows it."""
        if self._fit is not None:
            return self._fit.make(function, *args)
        self._in_fit += 1
        try:
            result = function(*args)
        finally:
            self._in_fit -= 1
        if self._pending:
            self._pending = False
            self.step_ended(self._eager_loss)
        elif self._graphs is not None:
            self._graphs.look()
        return result

    def _around(
        self, go_on: Callable[..., Any], optimizer: Any, gradients: Any, variables: Any
    ) -> Any:
        """A step of an optimiser."""
        gradients = list(gradients)
        variables = list(compat.trained_by(optimizer) if variables is None else variables)
        is_told = self._listener is not None and self._fit is None
        if not is_told or not self._ownership.has_any(variables):
            return go_on(gradients, variables)
        if getattr(optimizer, "gradient_accumulation_steps", None):
            self.note("Gradients are those of each batch, before the optimiser adds them up.")
        proceed = partial(go_on, gradients, variables)
        if self._graphs is not None and self._graphs.is_tracing():
            return self._graphs.write(proceed, optimizer, gradients, variables)
        return self._make_step(proceed, self.subject(optimizer, gradients, variables))

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
    def is_in_fit(self) -> bool:
        """Whether a function of Keras makes the present step."""
        return self._in_fit > 0

    @property
    def has_fit(self) -> bool:
        """Whether Keras has a function that makes steps."""
        return getattr(self.model, "train_function", None) is not None

    @property
    def heard(self) -> Heard:
        """What was heard since the model was last called."""
        return self._heard

    def _make_step(self, proceed: Callable[[], Any], subject: Subject) -> Any:
        """A step that runs at once."""
        began = perf_counter()
        step, due = self.steps + 1, self.is_due()
        if not eager.is_finite(subject):
            self.is_not_finite(step, *eager.faults_of(subject))
        own, result = perf_counter() - began, None
        if due:
            wanted, exact = subject.of_layers(self.chosen), self.rate.exact
            timed = _Timed(proceed)
            result, pieces, measured = eager.measure_step(timed, wanted, self.axes, exact=exact)
            self.deliver(step, pieces, measured)
            own = perf_counter() - began - timed.seconds
        else:
            result = proceed()
        self.steps = step
        self.stopwatch.step_ended(step, steps=1, measured=due, own=own)
        self._eager_loss = eager.number(subject.loss)
        if self._in_fit:
            self._pending = True
        else:
            self.step_ended(self._eager_loss)
        return result

    _eager_loss = UNKNOWN


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
