"""``%summary`` of a model of Keras: one eager run, on zeros where only a shape is given.

Layers have their parameters once they are built, and a run would build them; a model that is not
built is not run. Calls are noted in ``Layer.__call__``; everything is put back afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from statistics import median
from time import perf_counter
from typing import Any

import keras

from dlmagic.cell.snapshot import Snapshot
from dlmagic.magics.watch.summary.calls import Call, Looked
from dlmagic.magics.watch.summary.keras_calls import KerasCalls
from dlmagic.magics.watch.summary.keras_failure import told
from dlmagic.magics.watch.summary.keras_inputs import (
    Arguments,
    built_with,
    from_shapes,
    from_value,
)
from dlmagic.magics.watch.summary.keras_layers import holders_of, is_built, layers_of
from dlmagic.magics.watch.summary.request import ABSENT, Request
from dlmagic.magics.watch.summary.shapes import shapes_in_value

FRAMEWORK = "Keras"
_MOST_RUNS, _ENOUGH_SECONDS = 5, 2.0
_NOT_BUILT = (
    "The model is not built, so layers have no parameters yet: call it once on data, or write "
    "{}.build({}), and ask again."
)
_NO_CALL = (
    "{} has no call() that says how its layers make a whole, so there are no shapes and FLOPs of "
    "it; its parts have them: %summary {}.{}."
)
_NO_INPUT = "No input was given: with its shape (%summary {} 32,…) there are shapes and FLOPs."


class KerasLook:
    """One look at a model.

    Args:
        request: What the user asks for.

    Attributes:
        model: The model.
        kind: Its class.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.model: Any = request.model
        self.kind = type(request.model).__name__
        self._layers = layers_of(self.model)
        self._holders = holders_of(self.model, self._layers)

    def look(self, snapshot: Callable[[], Snapshot]) -> Looked:
        """Look at the model.

        Args:
            snapshot: Saves everything that a run may change.

        Raises:
            InputError: The model does not take the input.
            Exception: What the model raises, with a note of the layer.
        """
        looked = Looked(self._holders, device=keras.config.backend())
        if not is_built(self.model, self._layers):
            looked.notes.append(self._why_not_built())
            return looked
        saved = snapshot()
        try:
            arguments = self._arguments()
            if arguments is None:
                looked.notes.append(_NO_INPUT.format(self._request.name or "MODEL"))
            else:
                self._run(looked, arguments, saved)
        finally:
            saved.restore()
        return looked

    def _why_not_built(self) -> str:
        model, name = self.model, self._request.name or "MODEL"
        held = (part for part, value in vars(model).items() if isinstance(value, keras.Model))
        part = next(held, None)
        if part is not None and type(model).call is keras.Model.call:
            return _NO_CALL.format(self.kind, name, part)
        given = shapes_in_value(self._request.value) or ()
        sizes = ", ".join(map(str, given[0][1:])) if len(given) == 1 else ""
        return _NOT_BUILT.format(name, f"(None, {sizes or '…'})")

    def _arguments(self) -> Arguments | None:
        value = self._request.value
        if value is ABSENT:
            return built_with(self.model)
        shapes = shapes_in_value(value)
        if shapes is None:
            return from_value(self.model, value)
        return from_shapes(self.model, shapes, self._request.dtypes)

    def _run(self, looked: Looked, arguments: Arguments, saved: Snapshot) -> None:
        run = KerasCalls(self._layers)
        run.know(arguments.positional)
        looked.inputs, looked.ran = arguments.specs, True
        looked.notes += arguments.notes
        with saved.copying_first_writes():
            self._count(run, arguments, looked)
        looked.calls = run.calls
        for call in run.calls:
            call.forward_seconds = None
        if arguments.real and self._request.time:
            self._time(looked, arguments)

    def _count(self, run: KerasCalls, arguments: Arguments, looked: Looked) -> None:
        """Run once, forward and backward, and note everything but times."""
        backward: list[float] = []

        def note(flops: float) -> None:
            call = run.current
            if call is None:
                backward.append(flops)
            else:
                call.flops = (call.flops or 0.0) + flops

        with _counted(note) as counts:
            passed = self._pass(run, arguments)
        if not counts:
            looked.notes.append(f"FLOPs are not counted with {keras.config.backend()}.")
            return
        for call in run.calls:
            call.flops = call.flops or 0.0
        if passed is not None:
            run.calls[0].flops_backward = sum(backward)
            looked.used = self._used(run.calls, passed.reached)

    def _pass(self, run: KerasCalls, arguments: Arguments) -> Any:
        """One run of the model; what its backward pass came to, where there is one."""

        def forward() -> object:
            try:
                with run.following():
                    return self.model(*arguments.positional)
            except Exception as error:
                shown = told(error, run, self._request.name)
                if shown is error:
                    raise
                raise shown from error

        if keras.config.backend() != "tensorflow":
            forward()
            return None
        return _tensorflow().differentiated(forward, self.model.trainable_weights)

    def _used(self, calls: Sequence[Call], reached: Sequence[bool]) -> frozenset[int]:
        """Weights that a gradient reached, and those without one in layers that were called."""
        pairs = zip(self.model.trainable_weights, reached, strict=True)
        used = {id(weight) for weight, hit in pairs if hit}
        called = {call.path for call in calls}
        for holder in self._holders:
            if holder.path in called:
                used |= {weight.identity for weight in holder.own}
        return frozenset(used)

    def _time(self, looked: Looked, arguments: Arguments) -> None:
        runs: list[KerasCalls] = []
        back: list[float] = []
        end = perf_counter() + _ENOUGH_SECONDS
        while not runs or (len(runs) < _MOST_RUNS and perf_counter() < end):
            runs.append(KerasCalls(self._layers))
            passed = self._pass(runs[-1], arguments)
            back += [passed.seconds] if passed is not None else []
        paths = [call.path for call in looked.calls]
        if any([call.path for call in run.calls] != paths for run in runs):
            looked.notes.append("No times: the model calls other layers in every run.")
            return
        for call, *measured in zip(looked.calls, *(run.calls for run in runs), strict=True):
            times = [each.forward_seconds for each in measured]
            call.forward_seconds = median(each for each in times if each is not None)
        looked.calls[0].backward_seconds = median(back) if back else None
        looked.repetitions = len(runs)
        looked.notes.append("Times are those of eager calls; fit() runs the model as a graph.")


@contextmanager
def _counted(listener: Callable[[float], object]) -> Iterator[bool]:
    """While active, FLOPs are told, where the framework below Keras lets itself be asked."""
    match keras.config.backend():
        case "tensorflow":
            with _tensorflow().counted(listener) as told:
                yield told
        case "torch":
            home: Any = import_module("dlmagic.magics.watch.summary.torch_flops")
            with home.counted(listener):
                yield True
        case _:
            yield False


def _tensorflow() -> Any:
    return import_module("dlmagic.magics.watch.summary.tensorflow_passes")
