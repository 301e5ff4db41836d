"""Copying values of many tensors of one shape, in few kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from dlmagic.magics.watch.torch.positions import in_storage_order

AT_ONCE = {"cpu": 1 << 17}
"""Values that are copied at once, by the kind of device: as many as the caches of a processor
hold, so that what is copied is still near when some of it is selected."""

_AT_ONCE = 1 << 20
"""Of any other device. Gradients that are kept until they are copied take the place of memory that
would be used again."""


class Scratch:
    """Memory of a processor that is used again for each copy: to take it anew costs its pages."""

    def __init__(self) -> None:
        self._values = _room(0)

    def for_copies(self, tensors: list[Tensor]) -> Tensor | None:
        """Room for copies of tensors of one shape; None where there is none for such ones."""
        first, count = tensors[0], len(tensors)
        values = count * first.numel()
        if not first.is_cpu or first.dtype is not torch.float32 or values > AT_ONCE["cpu"]:
            return None
        if self._values.numel() < values:
            self._values = _room(values)
        return self._values[:values].view(count, *first.shape)


def _room(values: int) -> Tensor:
    return torch.empty(values, dtype=torch.float32, device="cpu")


def copied_at_once(device: torch.device, values: int) -> int:
    """How many tensors are copied at once.

    Args:
        device: Where they are.
        values: How many values each has.
    """
    return max(1, AT_ONCE.get(device.type, _AT_ONCE) // max(1, values))


def copy_together(
    tensors: list[Tensor], rows: Tensor, chosen: Tensor | None, scratch: Scratch
) -> Tensor:
    """Copy tensors of one shape to the rows of a matrix.

    Args:
        tensors: On one device.
        rows: As many, of float32.
        chosen: Which values of a tensor are wanted; None for all.
        scratch: Where all of them may go before some are chosen.

    Returns:
        All of their values: ``[tensor, *shape]``. The next copy may take their place.
    """
    if chosen is None and tensors[0].dtype is torch.float32:
        return torch.stack(tensors, out=rows.view(-1, *tensors[0].shape))
    whole = torch.stack(tensors, out=scratch.for_copies(tensors))
    _select(whole.view(len(tensors), -1), chosen, rows)
    return whole


def copy_in_parts(
    tensors: list[Tensor], rows: Tensor, chosen: Tensor | None, scratch: Scratch
) -> None:
    """Copy tensors of one shape to the rows of a matrix, a part of them at a time."""
    at_once = copied_at_once(rows.device, tensors[0].numel())
    for first in range(0, len(tensors), at_once):
        part = slice(first, first + at_once)
        copy_together(tensors[part], rows[part], chosen, scratch)


def _select(values: Tensor, chosen: Tensor | None, into: Tensor) -> None:
    if chosen is None:
        into.copy_(values)
    elif values.dtype is torch.float32:
        torch.index_select(values, 1, chosen, out=into)
    else:
        into.copy_(values.index_select(1, chosen))


def copy_chosen(tensor: Tensor, row: Tensor, chosen: Tensor) -> None:
    """Copy some values of a tensor to a row of float32."""
    if tensor.dtype is torch.float32 and tensor.is_contiguous():
        torch.take(tensor, chosen, out=row)  # needs no view, which would cost as much again
    else:
        row.copy_(in_storage_order(tensor).index_select(0, chosen))
