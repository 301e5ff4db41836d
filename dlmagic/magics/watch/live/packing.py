"""Numbers as bytes for a page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_NO_NUMBER = 0x7FC0


def halves(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper half of each number: its whole range, and eight bits of its digits."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((bits + np.uint32(0x8000)) >> np.uint32(16)).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(_NO_NUMBER), rounded)


def pairs(losses: Sequence[tuple[int, float]], most: int) -> bytes:
    """All steps, then all losses; of more than so many, evenly spread ones with the last."""
    if len(losses) > most:
        places = np.linspace(0, len(losses) - 1, most).round().astype(np.intp)
        losses = [losses[k] for k in places]
    steps = np.asarray([step for step, _ in losses], "<u4")
    values = np.asarray([value for _, value in losses], "<f4")
    return steps.tobytes() + values.tobytes()


def heights(histograms: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """Each row's bins as shares of its highest one."""
    tops = np.maximum(histograms.max(axis=1, keepdims=True), 1)
    shares: NDArray[np.float64] = np.round(histograms / tops * 65535)
    return shares.astype(np.uint16)
