"""Copying values of many tensors of one shape, in few kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from dlmagic.magics.watch.torch.positions import in_storage_order

AT_ONCE = {"cpu": 1 << 17}
"""Values that are copied at once, by the kind of device: as many as the caches of a processor
hold, so that what is copied is still near when some of it is selected."""

_AT_ONCE = 1 << 22  # of any other device, to need little memory


def copy_together(tensors: list[Tensor], rows: Tensor, chosen: Tensor | None) -> Tensor:
    """Copy tensors of one size to the rows of a matrix.

    Args:
        tensors: On one device, of one shape or nearly so.
        rows: As many, of float32.
        chosen: Which values of a tensor are wanted; None for all.

    Returns:
        All of their values: ``[tensor, *shape]``.
    """
    if chosen is None and tensors[0].dtype is torch.float32:
        return _stack(tensors, out=rows.view(-1, *tensors[0].shape))
    whole = _stack(tensors)
    _select(whole.view(len(tensors), -1), chosen, rows)
    return whole


def copy_in_parts(tensors: list[Tensor], rows: Tensor, chosen: Tensor | None) -> None:
    """Copy tensors of one size to the rows of a matrix, a part of them at a time."""
    at_once = max(1, AT_ONCE.get(rows.device.type, _AT_ONCE) // max(1, tensors[0].numel()))
    for first in range(0, len(tensors), at_once):
        part = slice(first, first + at_once)
        copy_together(tensors[part], rows[part], chosen)


def _stack(tensors: list[Tensor], out: Tensor | None = None) -> Tensor:
    try:
        return torch.stack(tensors, out=out)
    except RuntimeError:  # as large, and of another shape
        flat = torch.stack([each.reshape(-1) for each in tensors])
        return flat if out is None else out.copy_(flat.view(out.shape))


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
