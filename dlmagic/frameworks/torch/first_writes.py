"""Copying large storages just before the first write, while the cell runs for the first time.

Two things lead to a copy: an operator whose schema says that it writes there (also inside
``backward()``, fused optimisers, ``out=`` and ``.data``), and a call that hands the memory
out, such as ``numpy()``, after which writes cannot be seen. Not seen at all are the replay of
a CUDA graph that the user captured and kernels called past PyTorch's dispatcher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from types import TracebackType
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from dlmagic.frameworks.protocol import Saved
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.numpy_views import SavedNumpyView
from dlmagic.frameworks.torch.state import SavedTensor
from dlmagic.frameworks.torch.storage import Place, SavedStorage, place_of

_HANDS_OUT_MEMORY = frozenset(
    {"numpy", "__array__", "__dlpack__", "data_ptr", "untyped_storage", "storage", "share_memory_"}
)


class FirstWrites:
    """Context manager over one snapshot: what has no copy yet gets one before it changes."""

    def __init__(self, saved: Sequence[Saved]) -> None:
        self._waiting = _link(saved)
        self._modes = ExitStack()
        self._looking = False

    def __enter__(self) -> FirstWrites:
        if self._waiting:
            self._modes.enter_context(_SeeHandedOut(self))
            self._modes.enter_context(_SeeWrites(self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._modes.close()

    def copy_before_write(self, value: object) -> None:
        """Copy the storage behind a tensor, or behind each tensor of a list, if it has none."""
        if isinstance(value, list | tuple):
            for item in value:
                self.copy_before_write(item)
        elif isinstance(value, Tensor) and self._waiting and not self._looking:
            self._copy_storage_of(value)

    def _copy_storage_of(self, tensor: Tensor) -> None:
        self._looking = True  # asking for the storage is itself a call that hands memory out
        try:
            waiting = self._waiting.pop(_place_behind(tensor), None)
            if waiting is not None:
                waiting.copy_now()
        finally:
            self._looking = False


def _link(saved: Sequence[Saved]) -> dict[Place | None, SavedStorage]:
    """Tell each storage which tensors look into it; return those that have no copy."""
    storages = {item.place: item for item in saved if isinstance(item, SavedStorage) and item.place}
    for item in saved:
        if isinstance(item, SavedTensor) and item.place in storages:
            item.bytes = storages[item.place]
            item.bytes.watch(item.tensor, item.version)
    for storage in storages.values():
        if storage.ahead:
            storage.copy_now()
    for item in saved:
        if isinstance(item, SavedNumpyView) and item.place in storages:
            storages[item.place].copy_now()
    return {place: storage for place, storage in storages.items() if storage.copy is None}


def _place_behind(tensor: Tensor) -> Place | None:
    try:
        return place_of(tensor.untyped_storage())
    except (NotImplementedError, RuntimeError):  # sparse, fake or wrapped: no storage of its own
        return None


class _SeeWrites(compat.TorchDispatchMode):
    """Looks at every operator before it runs."""

    def __init__(self, watcher: FirstWrites) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._watcher = watcher

    def __torch_dispatch__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = kwargs or {}
        for position, name in _written(func):
            self._watcher.copy_before_write(
                args[position] if position < len(args) else named.get(name)
            )
        return func(*args, **named)


class _SeeHandedOut(TorchFunctionMode):
    """Looks at every call that gives the memory itself to somebody."""

    def __init__(self, watcher: FirstWrites) -> None:
        super().__init__()
        self._watcher = watcher

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if args and getattr(func, "__name__", "") in _HANDS_OUT_MEMORY:
            self._watcher.copy_before_write(args[0])
        return func(*args, **(kwargs or {}))


@cache
def _written(operation: Any) -> tuple[tuple[int, str], ...]:
    return compat.written_arguments(operation)
