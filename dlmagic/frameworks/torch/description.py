"""Tensors of PyTorch as their metadata show them."""

from __future__ import annotations

import torch
from torch import Tensor

from dlmagic.frameworks.description import Allocation, Description, told
from dlmagic.frameworks.torch import _compat as compat


def describe(value: object) -> Description | None:
    """See :meth:`dlmagic.frameworks.description.Describer.describe`."""
    if not isinstance(value, Tensor):
        return None
    if compat.is_lazy(value):
        kind, trained = type(value).__name__, value.requires_grad
        return Description(kind, requires_grad=trained, memory=(), remark="no shape yet")
    return Description(
        kind="Tensor" if compat.is_without_numbers(value) else type(value).__name__,
        shape=told(lambda: tuple(map(_axis, value.shape))),
        dtype=told(lambda: str(value.dtype).removeprefix("torch.")),
        device=told(lambda: str(value.device)),
        strides=told(lambda: _strides(value)),
        contiguous=told(lambda: value.is_contiguous() if value.layout == torch.strided else None),
        requires_grad=told(lambda: value.requires_grad),
        nbytes=told(lambda: _nbytes(value)),
        memory=told(lambda: _memory(value)),
        remark=told(lambda: _remark(value)) or "",
    )


def parts_of(value: object) -> list[object] | None:
    """Parameters and buffers of a module; what an optimiser remembers of each parameter."""
    if isinstance(value, torch.nn.Module):
        return [*value.parameters(), *value.buffers()]
    if isinstance(value, torch.optim.Optimizer):
        return [each for each in compat.pytree.tree_leaves(dict(value.state)) if _is_tensor(each)]
    return None


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _axis(length: object) -> int | str:
    """An axis of a traced tensor may be a symbol."""
    return length if type(length) is int else str(length)


def _strides(tensor: Tensor) -> tuple[int, ...] | None:
    return tuple(map(int, tensor.stride())) if tensor.layout == torch.strided else None


def _nbytes(tensor: Tensor) -> int:
    if tensor.layout == torch.strided:
        return tensor.numel() * tensor.element_size()
    return sum(part.numel() * part.element_size() for part in _stored(tensor))


def _stored(tensor: Tensor) -> list[Tensor]:
    """The dense tensors inside a sparse one."""
    if tensor.layout == torch.sparse_coo:
        return compat.indices_and_values(tensor)
    rows = tensor.layout in (torch.sparse_csr, torch.sparse_bsr)
    outer = tensor.crow_indices() if rows else tensor.ccol_indices()
    inner = tensor.col_indices() if rows else tensor.row_indices()
    return [outer, inner, tensor.values()]


def _memory(tensor: Tensor) -> tuple[Allocation, ...]:
    """The whole storage: a view of it keeps all of it."""
    if tensor.is_meta or compat.is_without_numbers(tensor):
        return ()
    stored = [tensor] if tensor.layout == torch.strided else _stored(tensor)
    places = []
    for part in stored:
        storage = part.untyped_storage()
        if storage.nbytes() and storage.data_ptr():
            start = storage.data_ptr()
            places.append(Allocation(str(part.device), start, start + storage.nbytes()))
    return tuple(places)


def _remark(tensor: Tensor) -> str:
    remarks = [
        str(tensor.layout).removeprefix("torch.") if tensor.layout != torch.strided else "",
        "no values" if tensor.is_meta or compat.is_without_numbers(tensor) else "",
        "quantized" if tensor.is_quantized else "",
        "nested" if tensor.is_nested else "",
        "pinned" if tensor.device.type == "cpu" and _is_pinned(tensor) else "",
        "channels last" if _is_channels_last(tensor) else "",
        "conjugate view" if tensor.is_conj() else "",
    ]
    return ", ".join(filter(None, remarks))


def _is_pinned(tensor: Tensor) -> bool:
    """Only where a driver runs already: the question would start it."""
    return torch.cuda.is_initialized() and tensor.is_pinned()


def _is_channels_last(tensor: Tensor) -> bool:
    if tensor.layout != torch.strided or tensor.ndim != 4 or tensor.is_contiguous():
        return False
    return tensor.is_contiguous(memory_format=torch.channels_last)
