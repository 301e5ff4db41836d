"""The second referee: the same cell once more from values that differ in their last digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from dlmagic.frameworks.protocol import NUDGE, Saved, Widen
from dlmagic.frameworks.torch.state import SavedTensor


@contextmanager
def nudged(saved: Sequence[Saved], seed: int) -> Iterator[Widen]:
    """Move every saved floating-point tensor by a few rounding errors of its type, in place.

    Tensors that share memory are moved once. The caller restores the snapshot afterwards.
    """
    tensors = [item.tensor for item in saved if isinstance(item, SavedTensor)]
    first = {id(tensor.untyped_storage()): tensor for tensor in reversed(tensors)}
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in first.values():
            if tensor.is_floating_point() and tensor.layout == torch.strided:
                _nudge(tensor.data, generator)
    yield lambda argument: argument


def _nudge(tensor: torch.Tensor, generator: torch.Generator) -> None:
    between = torch.rand(tensor.shape, generator=generator, dtype=torch.float64, device="cpu")
    steps = between * 2 - 1
    factors = 1 + NUDGE * torch.finfo(tensor.dtype).eps * steps
    tensor.copy_(tensor.to(torch.float64).cpu() * factors)
