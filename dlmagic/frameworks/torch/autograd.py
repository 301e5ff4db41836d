"""What hangs on a tensor besides its values: graph, gradient, hooks, attributes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from dlmagic.errors import StateError
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.graph_questions import graph_of, is_leaf


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


class SavedAutograd:
    """The part of a tensor's state that it has in whatever way its values are kept."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self._requires_grad = tensor.requires_grad
        self._graph = graph_of(tensor)
        self._grad = grad_of(tensor)
        self._grad_layout = _layout_of_grad(self._grad)
        self._attributes = dict(vars(tensor))
        self._hooks = compat.hooks_of(tensor)

    def changed(self) -> bool:
        """By identity; a gradient's own values are saved apart."""
        return (
            self.tensor.requires_grad != self._requires_grad
            or grad_of(self.tensor) is not self._grad
            or not _same_items(vars(self.tensor), self._attributes)
        )

    def restore(self) -> None:
        """Put it back.

        Raises:
            StateError: An in-place operation joined the tensor to an autograd graph for good.
        """
        self._restore_graph()
        self._restore_grad()
        if not _same_items(vars(self.tensor), self._attributes):
            vars(self.tensor).clear()
            vars(self.tensor).update(self._attributes)
        if any(a is not b for a, b in zip(compat.hooks_of(self.tensor), self._hooks, strict=True)):
            compat.set_hooks(self.tensor, self._hooks)

    def children(self) -> Iterable[tuple[str, object]]:
        """The gradient, hooks, and whatever hangs on the tensor as an attribute."""
        if self._grad is not None:
            yield ".grad", self._grad
        for hooks in self._hooks:
            if hooks is not None:
                yield "'s hooks", hooks
        for name, value in self._attributes.items():
            yield f".{name}", value

    def _restore_graph(self) -> None:
        if graph_of(self.tensor) is not self._graph:
            if self._graph is not None or compat.is_view(self.tensor):
                raise StateError(
                    f"A tensor of shape {tuple(self.tensor.shape)} was changed in place as part "
                    "of an autograd graph, which cannot be undone.",
                    "Clone it in the cell before it is changed.",
                )
            self.tensor.detach_()
        if is_leaf(self.tensor) and self.tensor.requires_grad != self._requires_grad:
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
    return tensor.grad if is_leaf(tensor) or tensor.retains_grad else None


def _same_items(left: dict[str, object], right: dict[str, object]) -> bool:
    """By identity: to compare tensors by value would cost, and has no single answer."""
    return left.keys() == right.keys() and all(left[name] is right[name] for name in left)
