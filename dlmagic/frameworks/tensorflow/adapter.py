"""TensorFlow behind the protocol of :mod:`dlmagic.frameworks.protocol`.

Reached only when the user has imported tensorflow. The parts:

- ``graphs`` with ``inputs``, ``outputs``, ``loops``, ``tracing``: the modes graph and xla;
- ``quiet``: what surrounds every call; ``counting``: retracing;
- ``state`` with ``variables``, ``iterators``: saving values; ``ambient``: global state;
- ``arrays``, ``nudging``: comparing;
- ``flops``, ``roofline``, ``memory``: what a cell costs beside time;
- ``failure``, ``lines``: reasons; ``limits``: what is refused;
- ``_compat``: every private name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import tensorflow as tf

from dlmagic.devices.reading import Reason
from dlmagic.errors import ModeError, nearest
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.costs import DevicePeak, OperationCount
from dlmagic.frameworks.protocol import ArrayView, CellLike, Mode, Prepared, Saved, Widen
from dlmagic.frameworks.tensorflow import _compat as compat
from dlmagic.frameworks.tensorflow import (
    ambient,
    arrays,
    counting,
    failure,
    flops,
    graphs,
    limits,
    memory,
    nudging,
    portable,
    quiet,
    roofline,
    state,
)

MODES = (
    Mode("eager", "operation by operation, as the cell is written", default=True),
    Mode("graph", "tf.function around the cell", default=True),
    Mode("xla", "tf.function with jit_compile=True around the cell"),
)


class TensorFlowFramework:
    """The adapter for TensorFlow."""

    name = "tensorflow"
    modes: Sequence[Mode] = MODES

    def owns(self, value: object) -> bool:
        """Tensors, variables, modules, data sets, functions."""
        return type(value).__module__.partition(".")[0] == "tensorflow" or isinstance(
            value, tf.Tensor | tf.Variable | tf.Module | tf.data.Dataset
        )

    def prepare(
        self,
        mode: str,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],
    ) -> Prepared:
        """See :meth:`dlmagic.frameworks.protocol.Framework.prepare`."""
        if mode == "eager":
            return Prepared(cell.function, active=quiet.eagerly)
        if mode in ("graph", "xla"):
            return graphs.prepare_graph(cell, arguments, run_once, xla=mode == "xla")
        names = [known.name for known in MODES]
        raise ModeError(f"TensorFlow has no mode {mode}.", nearest(mode, names))

    def synchronise(self, results: object = None) -> None:  # noqa: ARG002 - the protocol's
        """Wait for all devices, and start none; 13 us where there is only a CPU, once a block."""
        if compat.is_started() and hasattr(tf.test.experimental, "sync_devices"):
            tf.test.experimental.sync_devices()

    def counting(self) -> AbstractContextManager[object]:
        """See :func:`dlmagic.frameworks.tensorflow.counting.counting`."""
        return counting.counting()

    def portable_settings(self) -> Mapping[str, object]:
        """See :mod:`dlmagic.frameworks.tensorflow.portable`."""
        return portable.settings()

    def take_over(self, settings: Mapping[str, object]) -> None:
        """See :mod:`dlmagic.frameworks.tensorflow.portable`."""
        portable.take_over(settings)

    def stays_here(self, value: object) -> str | None:  # noqa: ARG002 - the protocol's
        """Nothing that pickling does not notice."""
        return None

    def settings(self) -> Mapping[str, str]:
        """Threads and precision."""
        return ambient.settings()

    def count_operations(
        self,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],  # noqa: ARG002 - the protocol's
    ) -> OperationCount | Reason:
        """See :func:`dlmagic.frameworks.tensorflow.flops.count_operations`."""
        values = [arguments[name] for name in cell.parameters]
        with quiet.eagerly():
            return flops.count_operations(lambda: cell.function(*values))

    def matrix_product(self, size: int, dtype: str, device: str) -> Callable[[], object]:
        """See :func:`dlmagic.frameworks.tensorflow.roofline.matrix_product`."""
        return roofline.matrix_product(size, dtype, device)

    def memory_traffic(self, size: int, device: str) -> Mapping[int, Callable[[], object]]:
        """See :func:`dlmagic.frameworks.tensorflow.roofline.memory_traffic`."""
        return roofline.memory_traffic(size, device)

    def watch_device_memory(self) -> Callable[[], DevicePeak] | None:
        """See :func:`dlmagic.frameworks.tensorflow.memory.watch_memory`."""
        return memory.watch_memory()

    def cache_flusher(self) -> Callable[[], object] | None:
        """See :func:`dlmagic.frameworks.tensorflow.memory.cache_flusher`."""
        return memory.cache_flusher()

    def gpus_in_use(self) -> Sequence[str] | None:
        """All GPUs that there are, once TensorFlow has started one: it does not name them."""
        return None if memory.gpus() else ()

    def events(self) -> Mapping[str, int]:
        """Graphs traced."""
        return counting.events()

    def compile_costs(self) -> CompileCosts:
        """See :func:`dlmagic.frameworks.tensorflow.counting.compile_costs`."""
        return counting.compile_costs()

    def explain_failure(
        self, error: BaseException, filename: str | None = None
    ) -> tuple[str, int | None] | None:
        """See :func:`dlmagic.frameworks.tensorflow.failure.explain_failure`."""
        return failure.explain_failure(error, filename)

    def as_array(self, value: object) -> ArrayView | None:
        """See :func:`dlmagic.frameworks.tensorflow.arrays.as_array`."""
        return arrays.as_array(value)

    def comparable(self, value: object) -> object:
        """Every value is compared as it is."""
        return value

    def save(self, value: object) -> Saved | None:
        """See :func:`dlmagic.frameworks.tensorflow.state.save`."""
        return state.save(value)

    def save_ambient(self) -> Sequence[Saved]:
        """See :func:`dlmagic.frameworks.tensorflow.ambient.save_ambient`."""
        return tuple(ambient.save_ambient())

    def first_writes(
        self,
        saved: Sequence[Saved],  # noqa: ARG002 - TensorFlow copies by itself
        cell_text: str,  # noqa: ARG002 - the protocol's
    ) -> AbstractContextManager[object]:
        """Nothing to do: what was read from a variable is not touched by later writes."""
        return nullcontext()

    def as_float64(self, saved: Sequence[Saved]) -> AbstractContextManager[Widen]:
        """See :func:`dlmagic.frameworks.tensorflow.nudging.refuse_float64`."""
        nudging.refuse_float64(saved)
        return nullcontext(lambda argument: argument)

    def nudged(self, saved: Sequence[Saved], seed: int) -> AbstractContextManager[Widen]:
        """See :func:`dlmagic.frameworks.tensorflow.nudging.nudged`."""
        return nudging.nudged(saved, seed)

    def uses_randomness(self, before: Sequence[Saved]) -> bool:
        """See :func:`dlmagic.frameworks.tensorflow.ambient.uses_randomness`."""
        return ambient.uses_randomness(before)

    def limitation(self, name: str, value: object, cell_text: str) -> str | None:
        """See :func:`dlmagic.frameworks.tensorflow.limits.limitation`."""
        return limits.limitation(name, value, cell_text)
