"""Watches a PyTorch model while it trains."""

from __future__ import annotations

import weakref
from collections.abc import Collection

from torch import nn

from dlmagic.display.units import listed
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.magics.watch.sample_result import Overhead, Sample, Silent, Untrained
from dlmagic.magics.watch.torch.engine import Engine
from dlmagic.magics.watch.torch.layers import is_model, layers_of, paths_of, unwrapped
from dlmagic.magics.watch.torch.plan import is_part
from dlmagic.magics.watch.torch.progress import Progress
from dlmagic.magics.watch.watcher import OF_PARTS, Layer, Listener, Rate

__all__ = ["TorchWatcher", "is_model"]

_NAMED = 3


class TorchWatcher:
    """One model, watched from :meth:`begin` to :meth:`end`.

    It does not keep the model: where nobody else has it any more, watching has ended.
    """

    framework = "torch"

    def __init__(self, model: nn.Module, layers: Collection[str], rate: Rate) -> None:
        self.layers: tuple[Layer, ...] = tuple(layers_of(model).values())
        self._model = weakref.ref(model)
        self._engine: weakref.ref[Engine] | None = None
        self._progress = Progress(layers, rate)

    @property
    def engine(self) -> Engine | None:
        """What follows the training; None where it is not watched any more."""
        return None if self._engine is None else self._engine()

    @property
    def steps(self) -> int:
        """Steps so far."""
        return self._progress.stepping.steps

    @property
    def skipped(self) -> int:
        """How often gradients were used by no step, as where a gradient scaler skips it."""
        return self._progress.skipped

    def begin(self, listener: Listener) -> None:
        """Attach. Nothing of the model changes that a user could see."""
        model = self._model()
        if model is not None and self.engine is None:
            self._engine = weakref.ref(Engine(model, self._progress, listener))

    def choose(self, layers: Collection[str]) -> None:
        """Measure these layers from the next step on."""
        self._progress.choose(layers)

    def pause(self) -> None:
        """Measure nothing until :meth:`resume`."""
        self._progress.paused = True

    def resume(self) -> None:
        """Measure again."""
        self._progress.paused = False

    def take(self, *, wait: bool = False) -> list[Sample]:
        """Samples that have arrived since it was last called."""
        return self._progress.delivery.take(wait=wait)

    def losses(self) -> list[tuple[int, float]]:
        """Steps and losses that have arrived since it was last called."""
        return self._progress.delivery.losses()

    def overhead(self) -> Overhead:
        """What watching has cost."""
        return self._progress.pacing.overhead()

    def silent(self) -> tuple[Silent, ...]:
        """Chosen layers that have not fired in any measured step, and why."""
        engine = self.engine
        return self._progress.silent if engine is None else engine.silent()

    def untrained(self) -> tuple[Untrained, ...]:
        """Layers whose parameters require gradients in vain."""
        engine = self.engine
        return self._progress.untrained if engine is None else engine.untrained()

    @property
    def has_parts(self) -> bool:
        """Whether this process has parts of the parameters, and others have the rest."""
        model = self._model()
        return model is not None and any(map(is_part, model.parameters()))

    def _added(self, model: nn.Module) -> list[str]:
        """Paths of layers that the model did not have when it began to be watched."""
        known = {path for layer in self.layers for path in (layer.name, *layer.also)}
        return [path for path in paths_of(model) if path not in known]

    def notes(self) -> tuple[str, ...]:
        """What the user should know about how this model is watched."""
        return tuple(self._notes())

    def end(self) -> None:
        """Detach."""
        engine = self.engine
        self._engine = None
        if engine is not None:
            engine.end()

    def _notes(self) -> list[str]:
        notes = []
        model, failure = self._model(), self._progress.failure
        if failure is not None:
            notes.append(
                f"Layers are no longer measured, because that failed: "
                f"{type(failure).__name__}: {failure}"
            )
        if model is not None and _is_compiled(model):
            notes.append(
                "On measured steps the model runs without torch.compile, which is slower and may "
                "round and draw random numbers differently."
            )
        if self.has_parts:
            notes.append(OF_PARTS)
        if model is not None and (added := self._added(model)):
            notes.append(
                f"Layers that came into the model after watching began are not measured: "
                f"{listed(added, most=_NAMED)}. Let go of it and watch it again to see them, too."
            )
        if model is not None and (paths := _complex_ones(model)):
            notes.append(
                f"Parameters of complex numbers are not measured, and a NaN in their gradients is "
                f"not told: {listed(paths, most=_NAMED)}. Kept as real numbers they are: "
                "torch.view_as_real(w) as the parameter, torch.view_as_complex(w) where it is used."
            )
        if self._progress.evaluated:
            notes.append(
                "Steps were made while the model was in evaluation mode, in which its outputs are "
                "not measured: .train() puts it back into training mode."
            )
        if self._progress.bypassed:
            notes.append(
                "Steps were made in which the model itself was not called, only layers or a "
                "compiled copy of it, or within torch.func: what made a NaN can then only be told "
                "from the gradients."
            )
        return notes


def _complex_ones(model: nn.Module) -> list[str]:
    """The paths of parameters that are trained and have no statistics."""
    named = unwrapped(model).named_parameters()
    return [name for name, each in named if each.requires_grad and each.is_complex()]


def _is_compiled(model: nn.Module) -> bool:
    if unwrapped(model) is not model and compat.unwrapped(model) is not model:
        return True
    return any(
        compat.unwrapped(each) is not each or compat.compiled_call(each) is not None
        for each in model.modules()
    )
