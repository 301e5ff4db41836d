"""Tensors on their way to the host, without waiting for the device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class OnItsWay:
    """Tensors of one device that are being copied to the host; those there must not change."""

    def __init__(self, tensors: list[Tensor]) -> None:
        self._event: torch.cuda.Event | None = None
        self._copies = [_copy(each) for each in tensors]
        if any(each.is_cuda for each in tensors):
            self._event = torch.cuda.Event()
            self._event.record(torch.cuda.current_stream(tensors[0].device))

    def arrived(self) -> bool:
        """Whether they are there; never waits."""
        return self._event is None or self._event.query()

    def arrays(self) -> list[NDArray[Any]]:
        """Their values; waits for them."""
        if self._event is not None:
            self._event.synchronize()
        return [np.asarray(each.numpy()) for each in self._copies]


def _copy(tensor: Tensor) -> Tensor:
    tensor = tensor.detach()
    if not tensor.is_cuda:
        return tensor.cpu()
    pinned = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu", pin_memory=True)
    return pinned.copy_(tensor, non_blocking=True)
