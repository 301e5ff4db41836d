"""The smallest and the largest number of images, labels, or what is divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from dlmagic.frameworks.hearing import SMALL
from dlmagic.frameworks.torch.small_numbers import extremes_of

_POSITIONS = {
    "conv2d": 0,
    "conv3d": 0,
    "cross_entropy": 1,
    "nll_loss": 1,
    "__floordiv__": 0,
    "floor_divide": 0,
    "floor_divide_": 0,
    "div": 0,
}
"""The argument that counts: images, labels, or what is divided."""


def data_range(
    name: str, args: Sequence[Any], options: Mapping[str, Any]
) -> tuple[float, float] | None:
    """Of the argument that counts in an operation; None where nobody may look."""
    position = _POSITIONS.get(name)
    value = args[position] if position is not None and len(args) > position else None
    if name in ("cross_entropy", "nll_loss") and value is None:
        value = options.get("target")
    return extremes_of(_part(value) if name.startswith("conv") else value)


def _part(images: Any) -> Any:
    """The first image, or a part of it: small enough to be looked at."""
    if not isinstance(images, Tensor) or images.layout != torch.strided:
        return images
    while images.numel() > SMALL and images.dim() > 1:
        images = images[0]
    return images
