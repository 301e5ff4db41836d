"""A tensor as NumPy sees it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dlmagic.frameworks.protocol import ArrayView
from dlmagic.frameworks.torch import _compat as compat


def as_array(value: object) -> ArrayView | None:
    """The numbers of a tensor on the CPU; None for what holds no numbers, such as ``meta``.

    Types that NumPy lacks become the next wider one: bfloat16 and float8 become float32,
    complex32 becomes complex64. Sparse tensors become dense, quantized ones the numbers they
    stand for. ``dtype`` is the tensor's own in every case.
    """
    if not isinstance(value, Tensor) or not _holds_numbers(value):
        return None
    with torch.inference_mode(False), torch.no_grad():
        # Not numpy(), which forbids for good to resize the tensor's storage.
        numbers = np.from_dlpack(_for_numpy(value.detach()))
    name = str(value.dtype).removeprefix("torch.")
    return ArrayView(name, tuple(value.shape), str(value.device), numbers)


def _holds_numbers(tensor: Tensor) -> bool:
    if compat.is_lazy(tensor):
        return False
    return not (tensor.is_meta or tensor.is_nested or compat.is_without_numbers(tensor))


def _for_numpy(tensor: Tensor) -> Tensor:
    """The same numbers, dense, on the CPU, in a type that NumPy has."""
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    tensor = tensor.cpu().resolve_conj().resolve_neg()
    if tensor.dtype == torch.complex32:
        return tensor.to(torch.complex64)
    if tensor.is_floating_point() and tensor.dtype not in _NUMPY_FLOATS:
        return tensor.to(torch.float32)
    return tensor


_NUMPY_FLOATS = frozenset({torch.float16, torch.float32, torch.float64})
