"""Keras 3 behind the protocol of :mod:`dlmagic.frameworks.protocol`.

Reached only when the user has imported Keras, which has imported the framework that it
computes with: that one's adapter answers whatever is not Keras' own. The parts:

- ``modes``, ``switching``, ``models``: the modes, set through a model's own settings;
- ``state``, ``ambient``: saving values and global state;
- ``failure``: reasons;
- ``_compat``: every private name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras

from dlmagic.devices.reading import Reason
from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.costs import (
    CountsOperations,
    DevicePeak,
    FlushesCaches,
    HasDeviceMemory,
    HasRoofline,
    OperationCount,
    UsesGpus,
)
from dlmagic.frameworks.entries import KERAS_METHODS
from dlmagic.frameworks.keras import _compat as compat
from dlmagic.frameworks.keras import ambient, failure, models, portable, seeds, state, variables
from dlmagic.frameworks.keras.modes import modes_on, switches_for
from dlmagic.frameworks.keras.switching import Switching
from dlmagic.frameworks.protocol import (
    ArrayView,
    CellLike,
    Framework,
    Mode,
    Prepared,
    Saved,
    Widen,
)
from dlmagic.frameworks.registry import framework_behind_keras


class KerasFramework:
    """The adapter for Keras 3, on top of the one for its backend."""

    name = "keras"

    def __init__(self) -> None:
        self.modes: Sequence[Mode] = modes_on(keras.config.backend())
        self._behind: Framework = framework_behind_keras()

    def owns(self, value: object) -> bool:
        """Layers and models, variables, optimisers, metrics, losses, callbacks."""
        kinds = (
            keras.Layer,
            keras.Variable,
            keras.KerasTensor,
            keras.optimizers.Optimizer,
            keras.metrics.Metric,
            keras.losses.Loss,
            keras.callbacks.Callback,
            keras.random.SeedGenerator,
        )
        return isinstance(value, kinds)

    def prepare(
        self,
        mode: str,
        cell: CellLike,
        arguments: Mapping[str, object],  # noqa: ARG002 - models are found from the names
        run_once: Callable[[Mapping[str, object]], object],  # noqa: ARG002 - nothing to see
    ) -> Prepared:
        """See :meth:`dlmagic.frameworks.protocol.Framework.prepare`."""
        switches = switches_for(mode, keras.config.backend())
        reached = models.reached_by(cell)
        if switches.jit_compile:
            models.require_jit(reached)
        switching = Switching(reached.values(), switches)
        findings = () if switches.run_eagerly else models.findings_about(cell)
        return Prepared(cell.function, findings=findings, active=switching.active)

    def synchronise(self, results: object = None) -> None:
        """Wait as the backend does."""
        self._behind.synchronise(results)

    def counting(self) -> AbstractContextManager[object]:
        """The backend's adapter counts, which is loaded wherever this one is."""
        return nullcontext()

    def repeating(self, attributes: Collection[str]) -> AbstractContextManager[object]:
        """See :func:`dlmagic.frameworks.keras.seeds.repeating_shuffles`.

        Only where something shuffles: beside a global seed TensorFlow draws much more slowly.
        """
        shuffles = not KERAS_METHODS.isdisjoint(attributes)
        return seeds.repeating_shuffles() if shuffles else nullcontext()

    def portable_settings(self) -> Mapping[str, object]:
        """See :mod:`dlmagic.frameworks.keras.portable`."""
        return portable.settings()

    def take_over(self, settings: Mapping[str, object]) -> None:
        """See :mod:`dlmagic.frameworks.keras.portable`."""
        portable.take_over(settings)

    def stays_here(self, value: object) -> str | None:  # noqa: ARG002 - the protocol's
        """Nothing that pickling does not notice."""
        return None

    def settings(self) -> Mapping[str, str]:
        """Backend, types, and the policy that mixes them."""
        return {
            "Keras backend": keras.config.backend(),
            "floatx": keras.config.floatx(),
            "dtype policy": keras.config.dtype_policy().name,
        }

    def count_operations(
        self,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],
    ) -> OperationCount | Reason:
        """As the backend counts, with every model running eagerly."""
        if not isinstance(self._behind, CountsOperations):
            return Reason(f"FLOPs of Keras on {keras.config.backend()} are not counted")
        if keras.config.backend() == "jax":
            return Reason("Keras on JAX compiles each step by itself, so FLOPs are not counted")
        models_reached = models.reached_by(cell).values()
        eagerly = Switching(models_reached, switches_for("eager", keras.config.backend()))
        with eagerly.active():
            return self._behind.count_operations(cell, arguments, run_once)

    def matrix_product(self, size: int, dtype: str, device: str) -> Callable[[], object]:
        """The backend's."""
        assert isinstance(self._behind, HasRoofline)
        return self._behind.matrix_product(size, dtype, device)

    def memory_traffic(self, size: int, device: str) -> Mapping[int, Callable[[], object]]:
        """The backend's."""
        assert isinstance(self._behind, HasRoofline)
        return self._behind.memory_traffic(size, device)

    def watch_device_memory(self) -> Callable[[], DevicePeak | Reason] | None:
        """The backend's."""
        behind = self._behind
        return behind.watch_device_memory() if isinstance(behind, HasDeviceMemory) else None

    def cache_flusher(self) -> Callable[[], object] | None:
        """The backend's."""
        behind = self._behind
        return behind.cache_flusher() if isinstance(behind, FlushesCaches) else None

    def gpus_in_use(self) -> Sequence[str] | None:
        """The backend's."""
        return self._behind.gpus_in_use() if isinstance(self._behind, UsesGpus) else ()

    def events(self) -> Mapping[str, int]:
        """What the backend's compiler has counted."""
        return self._behind.events()

    def compile_costs(self) -> CompileCosts:
        """What the backend's compiler has spent."""
        return self._behind.compile_costs()

    def explain_failure(
        self, error: BaseException, filename: str | None = None
    ) -> tuple[str, int | None] | None:
        """See :func:`dlmagic.frameworks.keras.failure.explain_failure`."""
        own = failure.explain_failure(error, filename)
        return own or self._behind.explain_failure(error, filename)

    def as_array(self, value: object) -> ArrayView | None:
        """A variable as the backend reads what is in it."""
        if not isinstance(value, keras.Variable):
            return None
        return self._behind.as_array(compat.value_of(value))

    def comparable(self, value: object) -> object:
        """The recorded losses of a training run; the variables of a model or layer."""
        if isinstance(value, keras.callbacks.History):
            return value.history
        if isinstance(value, keras.Layer | keras.optimizers.Optimizer | keras.metrics.Metric):
            return dict(state.named_variables(value))
        return value

    def save(self, value: object) -> Saved | None:
        """See :func:`dlmagic.frameworks.keras.state.save`."""
        return state.save(value)

    def save_ambient(self) -> Sequence[Saved]:
        """See :func:`dlmagic.frameworks.keras.ambient.save_ambient`."""
        return tuple(ambient.save_ambient())

    def first_writes(
        self,
        saved: Sequence[Saved],  # noqa: ARG002 - the backend saves what is large
        cell_text: str,  # noqa: ARG002 - the protocol's
    ) -> AbstractContextManager[object]:
        """Nothing to do: the backend saves what is large."""
        return nullcontext()

    def as_float64(self, saved: Sequence[Saved]) -> AbstractContextManager[Widen]:
        """Not for variables, whose type is fixed when they are made.

        Raises:
            ModeUnavailable: There is a floating-point variable.
        """
        for variable in variables.variables_in(saved):
            if variables.is_float(variable) and variable.dtype != "float64":
                raise ModeUnavailable("A Keras variable keeps its dtype: no float64 referee.")
        return nullcontext(_same)

    def nudged(self, saved: Sequence[Saved], seed: int) -> AbstractContextManager[Widen]:
        """The backend moves what is in variables; where that is immutable, they get another."""
        if keras.config.backend() == "jax":
            variables.nudge(variables.variables_in(saved), seed)
        return nullcontext(_same)

    def uses_randomness(self, before: Sequence[Saved]) -> bool:
        """Whether a seed generator has advanced."""
        return any(item.drawn() for item in before if isinstance(item, seeds.SavedSeed))

    def limitation(self, name: str, value: object, cell_text: str) -> str | None:  # noqa: ARG002
        """Everything of Keras can be put back."""
        return None


def _same(argument: Any) -> Any:
    return argument
