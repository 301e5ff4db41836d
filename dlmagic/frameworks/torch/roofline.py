"""The work by which the limits of a device are measured: a large product, and much memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch


def matrix_product(size: int, dtype: str, device: str) -> Callable[[], torch.Tensor]:
    """Multiplies two matrices of so many rows, into a third one that is there already."""
    kind = getattr(torch, dtype)
    generator = torch.Generator(device).manual_seed(0)
    if kind.is_floating_point or kind.is_complex:
        real = torch.randn(2, size, size, generator=generator, device=device)
        first, second = real.to(kind)
    else:
        first, second = torch.randint(0, 3, (2, size, size), generator=generator, device=device)
        first, second = first.to(kind), second.to(kind)
    with torch.no_grad():
        out = torch.empty_like(first)

    def multiply() -> torch.Tensor:
        with torch.no_grad():
            return torch.mm(first, second, out=out)

    return multiply


def memory_traffic(size: int, device: str) -> Mapping[int, Callable[[], torch.Tensor]]:
    """A copy and a sum of so many bytes, by the bytes that they read and write."""
    source = torch.zeros(size // 4, dtype=torch.float32, device=device)
    target = torch.ones_like(source)

    def copy() -> torch.Tensor:
        return target.copy_(source)

    return {2 * size: copy, size: source.sum}
