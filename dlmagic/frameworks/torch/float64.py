"""The referee: the same cell once more with every floating-point value in float64."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.protocol import Saved, Widen
from dlmagic.frameworks.torch.numpy_views import SavedNumpyView
from dlmagic.frameworks.torch.state import SavedTensor
from dlmagic.frameworks.torch.tensors import SavedWhole

_EXACT = {
    torch.float16: torch.float64,
    torch.bfloat16: torch.float64,
    torch.float32: torch.float64,
    torch.complex32: torch.complex128,
    torch.complex64: torch.complex128,
}
_EXACT_METHODS = {"float": "double", "half": "double", "bfloat16": "double", "cfloat": "cdouble"}


@contextmanager
def as_float64(saved: Sequence[Saved]) -> Iterator[Widen]:
    """Turn the saved tensors, and what is made of them, into float64 while active.

    The tensors are the same objects with other bytes; the caller restores the snapshot
    afterwards. Random numbers are drawn otherwise than in float32, so a cell that draws some
    has no referee.

    Raises:
        ModeUnavailable: A value has no float64 form, one storage is read as two types, or an
            array of NumPy looks into it, too.
    """
    tensors = [item.tensor for item in saved if isinstance(item, SavedTensor)]
    if any(isinstance(item, SavedNumpyView) for item in saved):
        raise ModeUnavailable("A NumPy array that shares a tensor's memory has no float64 referee.")
    if any(isinstance(item, SavedWhole) for item in saved):
        raise ModeUnavailable("A sparse or nested tensor has no float64 referee.")
    with torch.no_grad():
        for group in _by_storage(tensors).values():
            _widen(group)
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with _AskForFloat64():
            yield lambda argument: argument
    finally:
        torch.set_default_dtype(default)


def _by_storage(tensors: Iterable[Tensor]) -> Mapping[int, list[Tensor]]:
    groups: defaultdict[int, list[Tensor]] = defaultdict(list)
    for tensor in tensors:
        groups[id(tensor.untyped_storage())].append(tensor)
    return groups


def _widen(views: Sequence[Tensor]) -> None:
    """Give all views of one storage the same new storage, so that they still share it."""
    kinds = {view.dtype for view in views}
    if not kinds & _EXACT.keys():
        return
    if len(kinds) > 1:
        raise ModeUnavailable("One storage is read as two types, which has no float64 form.")
    whole = torch.empty(0, dtype=views[0].dtype, device=views[0].device)
    whole.set_(views[0].untyped_storage())
    wide = whole.to(_EXACT[views[0].dtype])
    for view in views:
        view.data = wide.as_strided(view.shape, view.stride(), view.storage_offset())


class _AskForFloat64(TorchFunctionMode):
    """Reads ``float32`` in the cell's own calls as ``float64``."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        method = _EXACT_METHODS.get(getattr(func, "__name__", ""))
        if method is not None and args and isinstance(args[0], Tensor):
            return getattr(args[0], method)()
        wide = {name: _exact(value) for name, value in (kwargs or {}).items()}
        return func(*map(_exact, args), **wide)


def _exact(value: Any) -> Any:
    return _EXACT.get(value, value) if isinstance(value, torch.dtype) else value
