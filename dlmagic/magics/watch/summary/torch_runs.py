"""Running a model of PyTorch for its summary: first a copy without numbers, else the model itself.

Zeros for an input that is given as a shape are made where they are needed: without numbers they
take no memory, however large the shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from dlmagic.cell.snapshot import Snapshot
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.summary.held_interrupts import HeldInterrupts
from dlmagic.magics.watch.summary.request import Request
from dlmagic.magics.watch.summary.result import ArraySpec
from dlmagic.magics.watch.summary.shapes import shapes_in_value
from dlmagic.magics.watch.summary.torch_calls import CallTracker
from dlmagic.magics.watch.summary.torch_counting import CountingRun
from dlmagic.magics.watch.summary.torch_failure import is_refused, told, wants_indices
from dlmagic.magics.watch.summary.torch_inputs import (
    Arguments,
    dtypes_called,
    from_shapes,
    from_value,
)
from dlmagic.magics.watch.summary.torch_layers import device_of, modules_of
from dlmagic.magics.watch.summary.torch_timing import TimedRun

_INDICES = "The input was taken as int64, which an Embedding takes; --dtype says otherwise."


@dataclass(frozen=True)
class Counted:
    """What a run has noted.

    Attributes:
        run: The run.
        inputs: What went in.
        notes: What the user should know of it.
        ran: Whether the model itself ran.
    """

    run: CountingRun
    inputs: tuple[ArraySpec, ...]
    notes: tuple[str, ...]
    ran: bool


class Runs:
    """The runs of one look.

    Args:
        request: What the user asks for.
        model: The model inside its wrappers.
        modules: Its modules by their paths.
        saved: Everything that a run may change.
    """

    def __init__(
        self, request: Request, model: nn.Module, modules: Mapping[str, nn.Module], saved: Snapshot
    ) -> None:
        self._name = request.name
        self._model = model
        self._modules = modules
        self._saved = saved
        self._shapes = shapes_in_value(request.value)
        self._dtypes = dtypes_called(request.dtypes)
        self._notes: tuple[str, ...] = ()
        self._value = None if self._shapes else self._from(request.value)

    @property
    def real(self) -> Arguments | None:
        """The user's own input, where it can be run with."""
        return None if self._is_on_meta else self._value

    def counted(self) -> Counted:
        """Run once, and note everything but times.

        Raises:
            InputError: A layer refuses its input.
            Exception: What the model raises, with a note of the layer.
        """
        found = self._without_numbers() or self._for_real()
        return replace(found, notes=(*found.notes, *self._notes))

    def timed(self, run: TimedRun) -> None:
        """Run once with the clock.

        Raises:
            Exception: As above: numbers may be refused where their shapes were not.
        """
        if self._value is not None:
            given = self._value.fresh()
            try:
                run.run(given)
            except Exception as error:
                self._raise(error, run)

    def first_timed(self, run: TimedRun) -> None:
        """The same for the first time, in which what is written to is copied before."""
        with self._saved.copying_first_writes():
            self.timed(run)

    def _from(self, value: object) -> Arguments:
        found = from_value(self._model, value)
        return found.changed(lambda tensor: tensor.to("meta")) if self._is_on_meta else found

    def _arguments(self) -> Arguments:
        """The user's input, or zeros where we are."""
        return self._value or from_shapes(self._model, self._shapes or (), self._dtypes)

    def _without_numbers(self) -> Counted | None:
        """Work it out on a copy without numbers; None where that does not work."""
        world = compat.fake_world()
        if world is None:
            return None
        with HeldInterrupts() as held:
            return self._in(world, held)

    def _in(self, world: compat.FakeWorld, held: HeldInterrupts) -> Counted | None:
        """The same in a world without numbers, in which interrupts wait."""
        run: CountingRun | None = None
        try:
            run = CountingRun(modules_of(world.copy_of(self._model)), held.let_through)
            given = self._value.changed(world.tensor_like) if self._value else None
            with world.active():
                given = given or self._arguments()
                run.run(given.positional, given.keywords)
        except Exception as error:
            if run is not None and self._takes_indices(run):
                return self._in(world, held)
            if self._is_on_meta or (run is not None and is_refused(run)):  # no need to run it
                self._raise(error, run)
            kind = type(error).__name__
            why = f"The model was run to find its shapes: it does not do without numbers ({kind})."
            self._notes = (*self._notes, why)
            return None
        return Counted(run, given.specs, given.notes, ran=False)

    def _for_real(self) -> Counted:
        arguments = self._arguments()
        given, run = arguments.fresh(), CountingRun(self._modules)
        try:
            with self._saved.copying_first_writes():
                run.run(given.positional, given.keywords)
        except Exception as error:
            if self._takes_indices(run):
                return self._for_real()
            self._raise(error, run)
        return Counted(run, arguments.specs, arguments.notes, ran=True)

    def _takes_indices(self, run: CallTracker) -> bool:
        """Whether it failed for want of whole numbers; they will be there the next time."""
        if self._shapes is None or self._dtypes or not wants_indices(run):
            return False
        self._dtypes = (torch.int64,)
        self._notes = (*self._notes, _INDICES)
        return True

    def _raise(self, error: Exception, run: CallTracker | None) -> None:
        shown = error if run is None else told(error, run, self._name)
        if shown is error:
            raise error
        raise shown from error

    @property
    def _is_on_meta(self) -> bool:
        return device_of(self._model).type == "meta"
