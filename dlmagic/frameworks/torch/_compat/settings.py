"""The settings of the precision of float32 products, of which PyTorch has two generations."""

from __future__ import annotations

from typing import Any

import torch


def matmul_precision() -> str | None:
    """What ``torch.set_float32_matmul_precision`` set; None once ``fp32_precision`` was used.

    PyTorch 2.9 and later refuse to read one of the two after the other has been set.
    """
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return None


def tf32_in_matmul() -> bool | None:
    """Whether products of float32 may be computed as TF32 on CUDA; None if it does not tell."""
    newer = getattr(torch.backends.cuda.matmul, "fp32_precision", "none")
    if newer != "none":
        return bool(newer == "tf32")
    try:
        return bool(torch.backends.cuda.matmul.allow_tf32)
    except RuntimeError:
        return None


def tf32_in_cudnn() -> bool | None:
    """Whether cuDNN may do so; None if it does not tell, as where parts of it differ."""
    try:
        return bool(torch.backends.cudnn.allow_tf32)
    except RuntimeError:
        return None


def precision() -> tuple[object, ...]:
    """All settings of the precision of float32 products; None for those that do not tell."""
    return (tf32_in_cudnn(), matmul_precision(), *(_newer(o) for o in _owners_of_precision()))


def set_precision(values: tuple[Any, ...]) -> None:
    """Put back what :func:`precision` returned: the older settings first, which set the newer."""
    in_cudnn, in_matmul, *newer = values
    if in_cudnn is not None:
        torch.backends.cudnn.allow_tf32 = in_cudnn
    if in_matmul is not None:
        torch.set_float32_matmul_precision(in_matmul)
    for owner, value in zip(_owners_of_precision(), newer, strict=True):
        if value is not None and _newer(owner) != value:
            owner.fp32_precision = value


def _owners_of_precision() -> list[Any]:
    """What has a setting ``fp32_precision`` of its own; such settings came with PyTorch 2.9."""
    cudnn: Any = torch.backends.cudnn
    matrix = [torch.backends.cuda.matmul, getattr(torch.backends.mkldnn, "matmul", None)]
    return [*matrix, getattr(cudnn, "conv", None), getattr(cudnn, "rnn", None)]


def _newer(owner: Any) -> str | None:
    try:
        return getattr(owner, "fp32_precision", None)
    except RuntimeError:
        return None
