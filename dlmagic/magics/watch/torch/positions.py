"""Which values of a tensor are looked at: an evenly spread part, the same in every run.

A tensor is cut into as many stretches of equal length as values are wanted, and of each stretch
one value is taken. Where in its stretch changes from one to the next by the golden ratio, so that
no channel or column is met more often than another, and from sample to sample. No random numbers
are drawn: training goes on as if nobody looked.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

PHASES = 4
"""So many sets of places follow each other, sample by sample."""

_GOLDEN = 0.6180339887498949
_SILVER = 0.7548776662466927


@lru_cache(maxsize=128)
def positions(total: int, wanted: int, phase: int, device: torch.device) -> Tensor:
    """Places of ``wanted`` among ``total`` values, ascending, each once.

    Args:
        total: How many values there are; at least ``wanted``.
        wanted: How many are looked at.
        phase: Number of the sample.
        device: Where the values are.
    """
    order = np.arange(wanted, dtype=np.float64)
    within = (order * _GOLDEN + phase % PHASES * _SILVER) % 1.0
    stretch = total / wanted
    # Neighbours come nearer by at most 1 - _GOLDEN of a stretch, and must not meet.
    within *= min(1.0, (1 - 1 / stretch) / (1 - _GOLDEN))
    places = np.minimum(((order + within) * stretch).astype(np.int64), total - 1)
    found = torch.from_numpy(places)
    if device.type == "cuda":
        found = found.pin_memory()
    return found.to(device, non_blocking=True)


def in_storage_order(tensor: Tensor) -> Tensor:
    """A tensor's values in one dimension; without a copy where they lie close together."""
    if tensor.is_contiguous():
        return tensor.view(-1)
    if _is_dense(tensor):
        return tensor.as_strided((tensor.numel(),), (1,))
    return tensor.reshape(-1)


def _is_dense(tensor: Tensor) -> bool:
    """Whether values lie without gaps or overlaps, in whatever order of the axes."""
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size == 1:
            continue
        if stride != expected:
            return False
        expected *= size
    return True
