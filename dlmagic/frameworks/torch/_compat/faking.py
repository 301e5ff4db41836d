"""Tensors with shapes and no numbers, and models made of them."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


class FakeWorld:
    """Where operations work out shapes, types and devices, and compute nothing.

    Args:
        mode: PyTorch's mode for it.
        copying: PyTorch's mode in which a deep copy has such tensors.
    """

    def __init__(self, mode: Any, copying: Any) -> None:
        self._mode = mode
        self._copying = copying

    def copy_of(self, model: torch.nn.Module) -> torch.nn.Module:
        """A model without numbers; the original stays as it is.

        Raises:
            Exception: It holds something that cannot be copied.
        """
        with self._copying(self._mode):
            return copy.deepcopy(model)

    def tensor_like(self, tensor: Tensor) -> Tensor:
        """A tensor without numbers that is otherwise like this one."""
        with torch.no_grad():
            made: Tensor = self._mode.from_tensor(tensor.detach())
        return made.requires_grad_(tensor.requires_grad)

    @contextmanager
    def active(self) -> Iterator[None]:
        """While active, new tensors have no numbers; what fails is raised and not logged."""
        log = logging.getLogger("torch._subclasses.fake_tensor")
        log.addFilter(_drop)
        try:
            with self._mode:
                yield
        finally:
            log.removeFilter(_drop)


def _drop(_: logging.LogRecord) -> bool:
    return False


def fake_world() -> FakeWorld | None:
    """A world of its own; None where this PyTorch has none."""
    try:
        from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensorMode
    except ImportError:
        return None
    # Tensors that a model holds in other places than its parameters and buffers stay real.
    return FakeWorld(FakeTensorMode(allow_non_fake_inputs=True), FakeCopyMode)
