"""JAX behind the protocol of :mod:`dlmagic.frameworks.protocol`; Flax and optax with it.

Reached only when the user has imported jax. The parts:

- ``leaves``, ``arrays``: what an array is, and how NumPy sees it;
- ``state``, ``ambient``: saving values and settings;
- ``donation`` with ``first_writes``: arrays that the cell deletes;
- ``compiling``: the modes; ``program`` with ``inputs``, ``closures``, ``outputs``: ``jit``;
- ``waiting``, ``counting``: asynchronous work, compilations;
- ``flops``, ``roofline``, ``memory``: what a cell costs beside time;
- ``float64``, ``nudging``: the referees; ``failure``: reasons; ``limits``: what is refused;
- ``_compat``: every private name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import jax

from dlmagic.devices.reading import Reason
from dlmagic.errors import ModeError, nearest
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.costs import DevicePeak, OperationCount
from dlmagic.frameworks.jax import (
    ambient,
    arrays,
    compiling,
    counting,
    failure,
    float64,
    flops,
    limits,
    memory,
    portable,
    roofline,
    state,
    waiting,
)
from dlmagic.frameworks.jax.first_writes import first_writes
from dlmagic.frameworks.jax.nudging import nudged
from dlmagic.frameworks.jax.program import Program
from dlmagic.frameworks.protocol import ArrayView, CellLike, Mode, Prepared, Saved, Widen

MODES = (
    Mode("eager", "operation by operation, as the cell is written", default=True),
    Mode("jit", "jax.jit around the cell", default=True),
)


class JaxFramework:
    """The adapter for JAX."""

    name = "jax"
    modes: Sequence[Mode] = MODES

    def owns(self, value: object) -> bool:
        """Arrays, compiled functions, modules of Flax, transformations of optax."""
        roots = {str(base.__module__).partition(".")[0] for base in type(value).__mro__}
        return isinstance(value, jax.Array) or bool(roots & {"jax", "jaxlib", "flax", "optax"})

    def prepare(
        self,
        mode: str,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],
    ) -> Prepared:
        """See :meth:`dlmagic.frameworks.protocol.Framework.prepare`."""
        if mode == "eager":
            return compiling.prepare_eager(cell, lambda: run_once({}))
        if mode == "jit":
            return compiling.prepare_jit(cell, arguments, lambda: run_once({}), self)
        raise ModeError(f"JAX has no mode {mode}.", nearest(mode, [known.name for known in MODES]))

    def synchronise(self, results: object = None) -> None:
        """See :func:`dlmagic.frameworks.jax.waiting.synchronise`."""
        waiting.synchronise(results)

    def counting(self) -> AbstractContextManager[object]:
        """See :func:`dlmagic.frameworks.jax.counting.counting`."""
        return counting.counting()

    def portable_settings(self) -> Mapping[str, object]:
        """See :mod:`dlmagic.frameworks.jax.portable`."""
        return portable.settings()

    def take_over(self, settings: Mapping[str, object]) -> None:
        """See :mod:`dlmagic.frameworks.jax.portable`."""
        portable.take_over(settings)

    def stays_here(self, value: object) -> str | None:  # noqa: ARG002 - the protocol's
        """Nothing that pickling does not notice."""
        return None

    def settings(self) -> Mapping[str, str]:
        """See :func:`dlmagic.frameworks.jax.ambient.settings`."""
        return ambient.settings()

    def count_operations(
        self,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],  # noqa: ARG002 - the protocol's
    ) -> OperationCount | Reason:
        """See :func:`dlmagic.frameworks.jax.flops.count_jaxpr`."""
        return flops.count_jaxpr(Program(cell, arguments, self).jaxpr())

    def matrix_product(
        self,
        size: int,
        dtype: str,
        device: str,  # noqa: ARG002 - JAX computes on one kind of device
    ) -> Callable[[], object]:
        """See :func:`dlmagic.frameworks.jax.roofline.matrix_product`."""
        return roofline.matrix_product(size, dtype)

    def memory_traffic(
        self,
        size: int,
        device: str,  # noqa: ARG002 - as above
    ) -> Mapping[int, Callable[[], object]]:
        """See :func:`dlmagic.frameworks.jax.roofline.memory_traffic`."""
        return roofline.memory_traffic(size)

    def watch_device_memory(self) -> Callable[[], DevicePeak | Reason] | None:
        """See :func:`dlmagic.frameworks.jax.memory.watch_memory`."""
        return memory.watch_memory()

    def cache_flusher(self) -> Callable[[], object] | None:
        """See :func:`dlmagic.frameworks.jax.memory.cache_flusher`."""
        return memory.cache_flusher()

    def gpus_in_use(self) -> Sequence[str] | None:
        """All GPUs that there are, once JAX has started one: it does not name them."""
        return None if memory.uses_gpus() else ()

    def events(self) -> Mapping[str, int]:
        """See :class:`dlmagic.frameworks.jax.counting.Counts`."""
        return counting.events()

    def compile_costs(self) -> CompileCosts:
        """See :func:`dlmagic.frameworks.jax.counting.compile_costs`."""
        return counting.compile_costs()

    def explain_failure(
        self, error: BaseException, filename: str | None = None
    ) -> tuple[str, int | None] | None:
        """See :func:`dlmagic.frameworks.jax.failure.explain_failure`."""
        return failure.explain_failure(error, filename)

    def as_array(self, value: object) -> ArrayView | None:
        """See :func:`dlmagic.frameworks.jax.arrays.as_array`."""
        return arrays.as_array(value)

    def comparable(self, value: object) -> object:
        """Every value is compared as it is."""
        return value

    def save(self, value: object) -> Saved | None:
        """See :func:`dlmagic.frameworks.jax.state.save`."""
        return state.save(value)

    def save_ambient(self) -> Sequence[Saved]:
        """Everything that ``jax.config.update`` sets."""
        return [ambient.SavedFlags()]

    def first_writes(
        self, saved: Sequence[Saved], cell_text: str
    ) -> AbstractContextManager[object]:
        """See :func:`dlmagic.frameworks.jax.first_writes.first_writes`."""
        return first_writes(saved, cell_text)

    def as_float64(self, saved: Sequence[Saved]) -> AbstractContextManager[Widen]:
        """See :func:`dlmagic.frameworks.jax.float64.as_float64`."""
        return float64.as_float64(saved)

    def nudged(self, saved: Sequence[Saved], seed: int) -> AbstractContextManager[Widen]:
        """See :func:`dlmagic.frameworks.jax.nudging.nudged`."""
        return nudged(saved, seed)

    def uses_randomness(self, before: Sequence[Saved]) -> bool:  # noqa: ARG002 - the protocol's
        """JAX has no global random generator: keys are values like others."""
        return False

    def limitation(self, name: str, value: object, cell_text: str) -> str | None:
        """See :func:`dlmagic.frameworks.jax.limits.limitation`."""
        return limits.limitation(name, value, cell_text)
