"""Saving one tensor: what it looks at, its gradient, its attributes; its bytes apart.

The tensor object stays the same one, as do its storage and its gradient, so that optimisers,
aliases and CUDA graphs that hold them keep holding the right ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from dlmagic.errors import StateError
from dlmagic.frameworks import _torch_compat as compat
from dlmagic.frameworks.torch_storage import Place, SavedStorage, place_of


@dataclass(frozen=True)
class Layout:
    """What a tensor object looks at: storage, offset, shape, strides, type.

    Attributes:
        alias: Another tensor object that looks at the same.
    """

    alias: Tensor

    def fits(self, tensor: Tensor) -> bool:
        """Whether the tensor still looks at the same memory in the same way."""
        if tensor.layout != torch.strided:
            return False
        return (
            tensor.dtype == self.alias.dtype
            and tensor.untyped_storage() is self.alias.untyped_storage()
            and tensor.shape == self.alias.shape
            and tensor.stride() == self.alias.stride()
            and tensor.storage_offset() == self.alias.storage_offset()
        )

    def put_back(self, tensor: Tensor) -> None:
        """Let the tensor look again at what it looked at; harmless when it still does."""
        if not self.fits(tensor):
            tensor.data = self.alias


class SavedTensor:
    """A strided tensor without its bytes, which are its storage's and saved there.

    Attributes:
        tensor: The tensor itself.
        version: Its count of in-place operations, None for one that keeps none.
        place: The key of its storage.
        bytes: Its saved storage, once the two have been brought together.
    """

    bytes: SavedStorage | None = None

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.version = compat.version_of(tensor)
        self.storage = tensor.untyped_storage()
        self.place: Place | None = place_of(self.storage)
        self._layout = Layout(tensor.data)
        self._requires_grad = tensor.requires_grad
        self._graph = tensor.grad_fn
        self._grad = _grad_of(tensor)
        self._grad_layout = _layout_of_grad(self._grad)
        self._attributes = dict(vars(tensor))
        self._hooks = compat.hooks_of(tensor)

    def changed(self) -> bool:
        """By counters and identities first; the bytes tell of writes that no counter saw."""
        tensor = self.tensor
        return (
            compat.version_of(tensor) != self.version
            or not self._layout.fits(tensor)
            or tensor.requires_grad != self._requires_grad
            or _grad_of(tensor) is not self._grad
            or not _same_items(vars(tensor), self._attributes)
            or (self.bytes is not None and self.bytes.changed())
        )

    def restore(self) -> None:
        """Put back all but the bytes, the version counter last.

        Raises:
            StateError: An in-place operation joined the tensor to an autograd graph for good.
        """
        self._layout.put_back(self.tensor)
        self._restore_graph()
        self._restore_grad()
        if not _same_items(vars(self.tensor), self._attributes):
            vars(self.tensor).clear()
            vars(self.tensor).update(self._attributes)
        if any(a is not b for a, b in zip(compat.hooks_of(self.tensor), self._hooks, strict=True)):
            compat.set_hooks(self.tensor, self._hooks)
        if self.version is not None and compat.version_of(self.tensor) != self.version:
            if self.bytes is not None:
                self.bytes.require_copy()  # the counter is its witness
            compat.set_version(self.tensor, self.version)

    def children(self) -> Iterable[tuple[str, object]]:
        """The storage, the gradient, and whatever hangs on the tensor as an attribute."""
        yield "", self.storage
        if self._grad is not None:
            yield ".grad", self._grad
        for hooks in self._hooks:
            if hooks is not None:
                yield "'s hooks", hooks
        for name, value in self._attributes.items():
            yield f".{name}", value

    def _restore_graph(self) -> None:
        if self.tensor.grad_fn is not self._graph:
            if self._graph is not None or self.tensor._is_view():
                raise StateError(
                    f"A tensor of shape {tuple(self.tensor.shape)} was changed in place as part "
                    "of an autograd graph, which cannot be undone.",
                    "Clone it in the cell before it is changed.",
                )
            self.tensor.detach_()
        if self.tensor.is_leaf and self.tensor.requires_grad != self._requires_grad:
            self.tensor.requires_grad_(self._requires_grad)

    def _restore_grad(self) -> None:
        if _grad_of(self.tensor) is self._grad:
            return
        if self._grad is not None and self._grad_layout is not None:
            self._grad_layout.put_back(self._grad)  # PyTorch compares its type and shape
        self.tensor.grad = self._grad


class SavedWhole:
    """A tensor without plain storage (sparse, nested): saved and put back as a whole."""

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor
        self._copy = tensor.detach().clone()
        self._grad = _grad_of(tensor)

    def changed(self) -> bool:
        """Always possible: compressed sparse tensors count no in-place operations."""
        return True

    def restore(self) -> None:
        """Give the same object a copy of the saved values."""
        self._tensor.data = self._copy.clone()
        if _grad_of(self._tensor) is not self._grad:
            self._tensor.grad = self._grad

    def children(self) -> Iterable[tuple[str, object]]:
        """The gradient, if there is one."""
        if self._grad is not None:
            yield ".grad", self._grad


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


def _layout_of_grad(grad: Tensor | None) -> Layout | None:
    return None if grad is None or grad.layout != torch.strided else Layout(grad.data)


def _grad_of(tensor: Tensor) -> Tensor | None:
    """The gradient without the warning that PyTorch gives for tensors that keep none."""
    return tensor.grad if tensor.is_leaf or tensor.retains_grad else None


def _same_items(left: dict[str, object], right: dict[str, object]) -> bool:
    """By identity: to compare tensors by value would cost, and has no single answer."""
    return left.keys() == right.keys() and all(left[name] is right[name] for name in left)
