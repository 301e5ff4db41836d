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
        self._grad = grad_of(tensor)
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
            or grad_of(tensor) is not self._grad
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
            if self._graph is not None or compat.is_view(self.tensor):
                raise StateError(
                    f"A tensor of shape {tuple(self.tensor.shape)} was changed in place as part "
                    "of an autograd graph, which cannot be undone.",
                    "Clone it in the cell before it is changed.",
                )
            self.tensor.detach_()
        if self.tensor.is_leaf and self.tensor.requires_grad != self._requires_grad:
            self.tensor.requires_grad_(self._requires_grad)

    def _restore_grad(self) -> None:
        if grad_of(self.tensor) is self._grad:
            return
        if self._grad is not None and self._grad_layout is not None:
            self._grad_layout.put_back(self._grad)  # PyTorch compares its type and shape
        self.tensor.grad = self._grad


def _layout_of_grad(grad: Tensor | None) -> Layout | None:
    return None if grad is None or grad.layout != torch.strided else Layout(grad.data)


def grad_of(tensor: Tensor) -> Tensor | None:
    """The gradient without the warning that PyTorch gives for tensors that keep none."""
    return tensor.grad if tensor.is_leaf or tensor.retains_grad else None


def _same_items(left: dict[str, object], right: dict[str, object]) -> bool:
    """By identity: to compare tensors by value would cost, and has no single answer."""
    return left.keys() == right.keys() and all(left[name] is right[name] for name in left)
