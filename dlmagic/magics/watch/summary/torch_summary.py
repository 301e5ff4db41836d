"""``%summary`` of a model of PyTorch: without numbers where that works, else by a real run.

First the model runs in a world of tensors that have shapes and no numbers: nothing is computed,
and it is a copy that runs. Where that fails (a branch on a value, code that needs numbers), or
where times are wanted, the model itself runs, and everything is put back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from dlmagic.cell.snapshot import Snapshot
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.summary.calls import Looked
from dlmagic.magics.watch.summary.request import ABSENT, Request
from dlmagic.magics.watch.summary.shapes import Shape, shapes_in_value
from dlmagic.magics.watch.summary.torch_calls import CallTracker
from dlmagic.magics.watch.summary.torch_counting import CountingRun
from dlmagic.magics.watch.summary.torch_failure import told, wants_indices
from dlmagic.magics.watch.summary.torch_inputs import (
    Arguments,
    dtypes_called,
    from_shapes,
    from_value,
)
from dlmagic.magics.watch.summary.torch_layers import (
    buffer_bytes,
    device_of,
    holders_of,
    inside_wrappers,
    kind_of,
    lazy_layers,
    modules_of,
)
from dlmagic.magics.watch.summary.torch_timing import add_times

FRAMEWORK = "PyTorch"


class TorchLook:
    """One look at a model.

    Args:
        request: What the user asks for.

    Attributes:
        model: The model inside what compiles it or spreads it over devices.
        kind: Its class.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.model, self._notes = inside_wrappers(request.model)  # type: ignore[arg-type]
        self.kind = kind_of(self.model)
        self._holders = holders_of(self.model)
        self._modules = modules_of(self.model)

    def look(self, snapshot: Callable[[], Snapshot]) -> Looked:
        """Look at the model.

        Args:
            snapshot: Saves everything that a run may change.

        Raises:
            InputError: The model does not take the input.
            Exception: What the model raises, with a note of the layer.
        """
        if self._request.value is ABSENT:
            hint = f"%summary {self._request.name or 'MODEL'} 32,…"
            note = f"No input was given: with its shape ({hint}) there are shapes and FLOPs."
            return self._looked(notes=[*self._lazy(), note])
        if self._lazy():
            return self._looked(notes=[*self._lazy()])
        if isinstance(self.model, torch.jit.ScriptModule):
            return self._looked(notes=["TorchScript does not tell its calls: parameters alone."])
        saved = snapshot()
        try:
            return self._with_input(saved)
        finally:
            saved.restore()

    def _lazy(self) -> list[str]:
        layers = lazy_layers(self.model)
        if not layers:
            return []
        named = ", ".join(layers[:3]) + (f" and {len(layers) - 3} more" if layers[3:] else "")
        first = "Parameters of {} get their shapes when the model is first called: do that before."
        return [first.format(named)]

    def _with_input(self, saved: Snapshot) -> Looked:
        shapes = shapes_in_value(self._request.value)
        arguments = self._arguments(shapes)
        if device_of(self.model).type == "meta":
            arguments = arguments.changed(lambda tensor: tensor.to("meta"))
        run, arguments, why = self._without_numbers(arguments, shapes)
        if run is None:
            run, arguments = self._for_real(arguments, shapes, saved)
        looked = self._looked(notes=list(arguments.notes))
        looked.calls, looked.inputs, looked.ran = run.calls, arguments.specs, bool(why)
        looked.used = self._identities(run)
        if why and not run.sparse:
            looked.notes.append(why)
        if run.sparse:
            looked.notes.append("FLOPs of sparse products depend on the values and are left out.")
        if shapes is None and self._request.time and not self._is_on_meta(arguments):
            self._time(looked, arguments, saved)
        return looked

    def _arguments(self, shapes: tuple[Shape, ...] | None) -> Arguments:
        if shapes is None:
            return from_value(self.model, self._request.value)
        return from_shapes(self.model, shapes, dtypes_called(self._request.dtypes))

    def _without_numbers(
        self, arguments: Arguments, shapes: tuple[Shape, ...] | None
    ) -> tuple[CountingRun | None, Arguments, str]:
        """Work it out on a copy without numbers; None and why, where that does not work."""
        world = compat.fake_world()
        if world is None:
            return None, arguments, "This PyTorch works out no shapes: the model was run."
        run: CountingRun | None = None
        try:
            copied = modules_of(world.copy_of(self.model))
            given = arguments.changed(world.tensor_like)
            run = CountingRun(copied)
            with world.active():
                run.run(given.positional, given.keywords)
        except Exception as error:
            if run is not None and shapes is not None and self._may_be_indices(run):
                return self._without_numbers(self._as_indices(shapes), shapes)
            if self._is_on_meta(arguments):
                raise self._told(error, run) from error
            return None, arguments, _why(error)
        return run, arguments, ""

    def _for_real(
        self, arguments: Arguments, shapes: tuple[Shape, ...] | None, saved: Snapshot
    ) -> tuple[CountingRun, Arguments]:
        run = CountingRun(self._modules)
        given = arguments.fresh()
        try:
            with saved.copying_first_writes():
                run.run(given.positional, given.keywords)
        except Exception as error:
            if shapes is not None and self._may_be_indices(run):
                return self._for_real(self._as_indices(shapes), shapes, saved)
            shown = self._told(error, run)
            if shown is error:
                raise
            raise shown from error
        return run, arguments

    def _told(self, error: Exception, run: CallTracker | None) -> Exception:
        return error if run is None else told(error, run, self._request.name)

    def _may_be_indices(self, run: CallTracker) -> bool:
        return not self._request.dtypes and wants_indices(run)

    def _as_indices(self, shapes: tuple[Shape, ...]) -> Arguments:
        made = from_shapes(self.model, shapes, (torch.int64,))
        note = "The input was taken as int64, which an Embedding takes; --dtype says otherwise."
        return Arguments(made.positional, made.keywords, (note,))

    def _time(self, looked: Looked, arguments: Arguments, saved: Snapshot) -> None:
        def first(run: Callable[[], None]) -> None:
            with saved.copying_first_writes():
                run()

        try:
            looked.repetitions = add_times(looked.calls, self._modules, arguments, first)
        except Exception as error:
            # Shapes alone did not show it: the numbers did, or a device.
            if not _is_about_gradients(error):
                raise
            looked.notes.append(f"No times: {' '.join(str(error).split())}")
        else:
            if not looked.repetitions:
                looked.notes.append("No times: the model calls other layers in every run.")

    def _is_on_meta(self, arguments: Arguments) -> bool:
        tensors = (*self.model.parameters(), *self.model.buffers(), *arguments.positional)
        return any(isinstance(each, Tensor) and each.is_meta for each in tensors)

    def _identities(self, run: CountingRun) -> frozenset[int]:
        named = dict(self.model.named_parameters(remove_duplicate=False))
        return frozenset(id(named[name]) for name in run.used if name in named)

    def _looked(self, notes: Sequence[str]) -> Looked:
        return Looked(
            self._holders,
            notes=[*self._notes, *notes],
            device=str(device_of(self.model)),
            training=self.model.training,
            buffer_bytes=buffer_bytes(self.model),
        )


def _is_about_gradients(error: Exception) -> bool:
    return isinstance(error, RuntimeError) and "grad" in str(error)


def _why(error: Exception) -> str:
    kind = type(error).__name__
    return f"The model was run to find the shapes: it needs numbers ({kind})."
