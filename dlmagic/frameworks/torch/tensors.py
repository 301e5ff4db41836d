"""Saving any tensor: plain ones as ``state`` does, the others in ways of their own."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.autograd import SavedAutograd
from dlmagic.frameworks.torch.state import SavedTensor


class SavedWhole:
    """A tensor without plain storage (sparse, nested): saved and put back as a whole."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor
        self._version = compat.version_of(tensor)
        self._copy = tensor.detach().clone()
        self._autograd = SavedAutograd(tensor)

    def changed(self) -> bool:
        """Always possible: compressed sparse tensors count no in-place operations."""
        return True

    def restore(self) -> None:
        """Give the same object a copy of the saved values."""
        self._tensor.data = self._copy.clone()
        self._autograd.restore()
        if self._version is not None:
            compat.set_version(self._tensor, self._version)

    def children(self) -> Iterable[tuple[str, object]]:
        """The gradient, and whatever else hangs on the tensor."""
        return self._autograd.children()


class SavedLazy:
    """A parameter of a lazy module, which has no shape before its module is first called."""

    def __init__(self, parameter: Tensor) -> None:
        self._parameter = parameter
        self._kind = type(parameter)
        self._data = self._parameter.data

    def changed(self) -> bool:
        """Whether its module has been called."""
        return type(self._parameter) is not self._kind

    def restore(self) -> None:
        """Take shape and gradient away again."""
        if self.changed():
            self._parameter.grad = None
            self._parameter.data = self._data
            self._parameter.__class__ = self._kind

    def children(self) -> Iterable[tuple[str, object]]:
        """There is nothing behind it yet."""
        return ()


class SavedWrapper:
    """A tensor made of other tensors (a wrapper subclass, compressed sparse), saved instead."""

    def __init__(self, inner: dict[str, Tensor]) -> None:
        self._inner = inner

    def changed(self) -> bool:
        """Its inner tensors tell for themselves."""
        return False

    def restore(self) -> None:
        """Its inner tensors are put back by themselves."""

    def children(self) -> Iterable[tuple[str, object]]:
        """The inner tensors by their names."""
        return ((f".{name}", tensor) for name, tensor in self._inner.items())


def save_tensor(tensor: Tensor) -> SavedTensor | SavedWhole | SavedLazy | SavedWrapper:
    """Save one tensor in the way that its layout allows."""
    if compat.is_lazy(tensor):
        return SavedLazy(tensor)
    inner = compat.inner_tensors(tensor) or _parts_of_compressed(tensor)
    if inner:
        return SavedWrapper(inner)
    if tensor.layout != torch.strided or tensor.is_nested:
        return SavedWhole(tensor)
    return SavedTensor(tensor)


def _parts_of_compressed(tensor: Tensor) -> dict[str, Tensor]:
    names: tuple[str, ...] = ()
    if tensor.layout in (torch.sparse_csr, torch.sparse_bsr):
        names = ("crow_indices", "col_indices", "values")
    elif tensor.layout in (torch.sparse_csc, torch.sparse_bsc):
        names = ("ccol_indices", "row_indices", "values")
    return {f"{name}()": getattr(tensor, name)().detach() for name in names}
