"""``%summary`` of a model of PyTorch: without numbers where that works, else by a real run.

First the model runs in a world of tensors that have shapes and no numbers: nothing is computed,
and it is a copy that runs. Where that fails (a branch on a value, code that needs numbers), or
where times are wanted, the model itself runs, and everything is put back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from dlmagic.cell.snapshot import Snapshot
from dlmagic.display.units import listed
from dlmagic.magics.watch.summary.calls import Looked
from dlmagic.magics.watch.summary.request import ABSENT, Request
from dlmagic.magics.watch.summary.torch_counting import CountingRun
from dlmagic.magics.watch.summary.torch_failure import first_part, lacks_forward
from dlmagic.magics.watch.summary.torch_layers import (
    buffer_bytes,
    device_of,
    holders_of,
    inside_wrappers,
    kind_of,
    lazy_layers,
    modules_of,
    packed_layers,
)
from dlmagic.magics.watch.summary.torch_runs import Runs
from dlmagic.magics.watch.summary.torch_timing import add_times

FRAMEWORK = "PyTorch"
_TIMED = ("cpu", "cuda")
_NAMED = 3


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
        self._packed = packed_layers(self.model)

    def look(self, snapshot: Callable[[], Snapshot]) -> Looked:
        """Look at the model.

        Args:
            snapshot: Saves everything that a run may change.

        Raises:
            InputError: The model does not take the input.
            Exception: What the model raises, with a note of the layer.
        """
        if self._request.value is ABSENT:
            return self._looked(notes=[*self._lazy(), self._without_input()])
        if self._lazy():
            return self._looked(notes=[*self._lazy()])
        if isinstance(self.model, torch.jit.ScriptModule):
            return self._looked(notes=["TorchScript does not tell its calls: parameters alone."])
        saved = snapshot()
        try:
            return self._with_input(saved)
        finally:
            saved.restore()

    def _without_input(self) -> str:
        name = self._request.name or "MODEL"
        if not lacks_forward(self.model):
            hint = f"%summary {name} 32,…"
            return f"No input was given: with its shape ({hint}) there are shapes and FLOPs."
        inside = first_part(self.model)
        hint = f": its parts can be, as in %summary {name}{inside} 32,…" if inside else ""
        return f"{name} has no forward(), so it cannot be called with an input{hint}."

    def _lazy(self) -> list[str]:
        layers = lazy_layers(self.model)
        if not layers:
            return []
        named = ", ".join(layers[:3]) + (f" and {len(layers) - 3} more" if layers[3:] else "")
        first = "Parameters of {} get their shapes when the model is first called: do that before."
        return [first.format(named)]

    def _with_input(self, saved: Snapshot) -> Looked:
        runs = Runs(self._request, self.model, self._modules, saved)
        counted = runs.counted()
        looked = self._looked(notes=counted.notes)
        looked.calls, looked.inputs, looked.ran = counted.run.calls, counted.inputs, counted.ran
        looked.used = self._identities(counted.run)
        for call in looked.calls if self._packed else ():
            call.flops = call.flops or None  # there may be some that nobody tells
        if counted.run.sparse:
            looked.notes.append("FLOPs of sparse products depend on the values and are left out.")
        if runs.real is not None and self._request.time:
            self._time(looked, runs)
        return looked

    def _time(self, looked: Looked, runs: Runs) -> None:
        kind = device_of(self.model).type
        if kind not in _TIMED:
            looked.notes.append(f"No times: they are not measured on {kind}.")
            return
        looked.repetitions = add_times(looked.calls, self._modules, runs.first_timed, runs.timed)
        if not looked.repetitions:
            looked.notes.append("No times: the model calls other layers in every run.")

    def _identities(self, run: CountingRun) -> frozenset[int]:
        named = dict(self.model.named_parameters(remove_duplicate=False))
        return frozenset(id(named[name]) for name in run.used if name in named)

    def _about_packed(self) -> list[str]:
        if not self._packed:
            return []
        named = listed(self._packed, most=_NAMED)
        kept = f"The weights of {named} are packed for quantised products"
        return [f"{kept}: they are not among the parameters, nor their products among the FLOPs."]

    def _looked(self, notes: Sequence[str]) -> Looked:
        return Looked(
            self._holders,
            notes=[*self._notes, *self._about_packed(), *notes],
            device=str(device_of(self.model)),
            training=self.model.training,
            buffer_bytes=buffer_bytes(self.model),
        )
