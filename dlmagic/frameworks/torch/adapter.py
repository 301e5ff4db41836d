"""PyTorch behind the protocol of :mod:`dlmagic.frameworks.protocol`.

Reached only when the user has imported torch. The parts:

- ``tensors``, ``state``, ``autograd``, ``storage``: saving values;
- ``first_writes``, ``numpy_views``: copying large ones late, and what forbids it;
- ``modules``, ``ambient``: compiled modules, global state;
- ``compiling``, ``jit`` with ``observe``, ``cudagraph``: the modes; ``compile_costs``: their price;
- ``float64``: the referee; ``failure``: reasons; ``limits``: what is refused;
- ``flops``, ``roofline``, ``cuda``: what a cell costs beside time;
- ``_compat``: every private name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import torch

from dlmagic.devices.reading import Reason
from dlmagic.errors import ModeError, nearest
from dlmagic.frameworks.compile_costs import CompileCosts
from dlmagic.frameworks.costs import DevicePeak, OperationCount
from dlmagic.frameworks.protocol import ArrayView, CellLike, Mode, Prepared, Saved, Widen
from dlmagic.frameworks.torch import (
    _compat as compat,
)
from dlmagic.frameworks.torch import (
    ambient,
    arrays,
    compile_costs,
    compiling,
    cuda,
    cudagraph,
    failure,
    float64,
    flops,
    jit,
    portable,
    roofline,
)
from dlmagic.frameworks.torch.first_writes import FirstWrites
from dlmagic.frameworks.torch.limits import limitation
from dlmagic.frameworks.torch.modules import SavedOutside
from dlmagic.frameworks.torch.nudging import nudged
from dlmagic.frameworks.torch.numpy_views import save_numpy_view
from dlmagic.frameworks.torch.storage import SavedStorage
from dlmagic.frameworks.torch.tensors import save_tensor

MODES = (
    Mode("eager", "operation by operation, as the cell is written", default=True),
    Mode("compile", "torch.compile around the cell", default=True),
    Mode("compile:reduce-overhead", "torch.compile with CUDA graphs where they apply"),
    Mode("compile:max-autotune", "torch.compile that tries many kernels"),
    Mode("trace", "torch.jit.trace of what the cell calls (deprecated)"),
    Mode("script", "torch.jit.script of what the cell calls (deprecated)"),
    Mode("cudagraph", "the cell captured as one CUDA graph"),
)


class TorchFramework:
    """The adapter for PyTorch.

    Args:
        backend: What ``compile`` hands the graph to; tests pass a cheaper one than Inductor.
    """

    name = "torch"
    modes: Sequence[Mode] = MODES

    def __init__(self, backend: compiling.Backend = "inductor") -> None:
        self._backend = backend

    def owns(self, value: object) -> bool:
        """Tensors, modules, optimisers, schedulers, generators, storages."""
        kinds = (
            torch.Tensor,
            torch.nn.Module,
            torch.optim.Optimizer,
            torch.optim.lr_scheduler.LRScheduler,
            torch.Generator,
            torch.UntypedStorage,
            torch.jit.ScriptFunction,
        )
        return isinstance(value, kinds)

    def prepare(
        self,
        mode: str,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],
    ) -> Prepared:
        """See :meth:`dlmagic.frameworks.protocol.Framework.prepare`."""
        if mode == "eager":
            return compiling.prepare_eager(cell)
        if mode in ("trace", "script"):
            return jit.prepare(mode, cell, arguments, run_once)
        if mode == "cudagraph":
            return cudagraph.prepare(cell, arguments, run_once)
        name, _, preset = mode.partition(":")
        if name == "compile" and any(mode == known.name for known in MODES):
            return compiling.prepare_compile(cell, arguments, preset or None, self._backend)
        raise ModeError(
            f"PyTorch has no mode {mode}.", nearest(mode, [known.name for known in MODES])
        )

    def synchronise(self, results: object = None) -> None:  # noqa: ARG002 - the protocol's
        """Wait for CUDA, XPU and MPS where they are in use; never start a driver."""
        for device in (torch.cuda, torch.xpu):
            if device.is_available() and device.is_initialized():
                for index in range(device.device_count()):
                    if index == device.current_device() or device.memory_allocated(index):
                        device.synchronize(index)
        if torch.backends.mps.is_available():
            torch.mps.synchronize()

    def events(self) -> Mapping[str, int]:
        """Dynamo's own counts; all zero while it is not loaded."""
        counters = compat.dynamo_counters()
        frames = counters.get("frames", {})
        skipped = counters.get("inductor", {}).get("cudagraph_skips", 0)
        return {
            "compile": frames.get("total", 0) + compat.backward_compilations(),
            "recompile": sum(max(0, count - 1) for count in compat.compilations_per_frame()),
            "graph break": compat.graph_breaks(),
            "fallback to eager": compat.frames_left_eager(),
            "CUDA graph skipped": skipped,
        }

    def compile_costs(self) -> CompileCosts:
        """See :func:`dlmagic.frameworks.torch.compile_costs.compile_costs`."""
        return compile_costs.compile_costs(self._backend)

    def counting(self) -> AbstractContextManager[object]:
        """Dynamo counts in any case."""
        return nullcontext()

    def portable_settings(self) -> Mapping[str, object]:
        """See :mod:`dlmagic.frameworks.torch.portable`."""
        return portable.settings()

    def take_over(self, settings: Mapping[str, object]) -> None:
        """See :mod:`dlmagic.frameworks.torch.portable`."""
        portable.take_over(settings)

    def stays_here(self, value: object) -> str | None:
        """See :func:`dlmagic.frameworks.torch.portable.stays_here`."""
        return portable.stays_here(value)

    def settings(self) -> Mapping[str, str]:
        """See :func:`dlmagic.frameworks.torch.ambient.settings`."""
        return ambient.settings()

    def count_operations(
        self,
        cell: CellLike,
        arguments: Mapping[str, object],
        run_once: Callable[[Mapping[str, object]], object],  # noqa: ARG002 - the protocol's
    ) -> OperationCount | Reason:
        """See :func:`dlmagic.frameworks.torch.flops.count_operations`."""
        values = [arguments[name] for name in cell.parameters]
        eager = compiling.prepare_eager(cell)
        with eager.active():
            return flops.count_operations(lambda: eager.function(*values))

    def matrix_product(self, size: int, dtype: str, device: str) -> Callable[[], object]:
        """See :func:`dlmagic.frameworks.torch.roofline.matrix_product`."""
        return roofline.matrix_product(size, dtype, device)

    def memory_traffic(self, size: int, device: str) -> Mapping[int, Callable[[], object]]:
        """See :func:`dlmagic.frameworks.torch.roofline.memory_traffic`."""
        return roofline.memory_traffic(size, device)

    def watch_device_memory(self) -> Callable[[], DevicePeak] | None:
        """See :func:`dlmagic.frameworks.torch.cuda.watch_memory`."""
        return cuda.watch_memory()

    def cache_flusher(self) -> Callable[[], object] | None:
        """See :func:`dlmagic.frameworks.torch.cuda.cache_flusher`."""
        return cuda.cache_flusher()

    def gpus_in_use(self) -> Sequence[str] | None:
        """See :func:`dlmagic.frameworks.torch.cuda.gpus_in_use`."""
        return cuda.gpus_in_use()

    def explain_failure(
        self, error: BaseException, filename: str | None = None
    ) -> tuple[str, int | None] | None:
        """See :func:`dlmagic.frameworks.torch.failure.explain_failure`."""
        return failure.explain_failure(error, filename)

    def as_array(self, value: object) -> ArrayView | None:
        """See :func:`dlmagic.frameworks.torch.arrays.as_array`."""
        return arrays.as_array(value)

    def comparable(self, value: object) -> object:
        """Of a compiled module that which was compiled: within a graph, it stands for itself."""
        return compat.unwrapped(value)

    def save(self, value: object) -> Saved | None:
        """Tensors, storages, generators; modules and optimisers are walked like any object."""
        if isinstance(value, torch.Tensor):
            return save_tensor(value)
        if isinstance(value, torch.UntypedStorage):
            return SavedStorage(value)
        if isinstance(value, torch.Generator):
            return ambient.SavedGenerator(value)
        return SavedOutside.of(value) or save_numpy_view(value)

    def save_ambient(self) -> Sequence[Saved]:
        """Generators and global settings."""
        return [*ambient.save_generators(), *ambient.save_settings()]

    def first_writes(
        self,
        saved: Sequence[Saved],
        cell_text: str,  # noqa: ARG002 - the protocol's
    ) -> AbstractContextManager[object]:
        """See :class:`dlmagic.frameworks.torch.first_writes.FirstWrites`."""
        return FirstWrites(saved)

    def as_float64(self, saved: Sequence[Saved]) -> AbstractContextManager[Widen]:
        """See :func:`dlmagic.frameworks.torch.float64.as_float64`."""
        return float64.as_float64(saved)

    def nudged(self, saved: Sequence[Saved], seed: int) -> AbstractContextManager[Widen]:
        """See :func:`dlmagic.frameworks.torch.nudging.nudged`."""
        return nudged(saved, seed)

    def uses_randomness(self, before: Sequence[Saved]) -> bool:
        """Whether one of the saved generators has advanced."""
        return any(item.changed() for item in before if isinstance(item, ambient.SavedGenerator))

    def limitation(self, name: str, value: object, cell_text: str) -> str | None:
        """See :func:`dlmagic.frameworks.torch.limits.limitation`."""
        return limitation(name, value, cell_text)
