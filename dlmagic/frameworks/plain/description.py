"""Arrays of NumPy as their metadata show them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlmagic.frameworks.description import Allocation, Description, told


def describe(value: object) -> Description | None:
    """See :meth:`dlmagic.frameworks.description.Describer.describe`."""
    if not isinstance(value, np.ndarray):
        return None
    return Description(
        kind=type(value).__name__,
        shape=value.shape,
        dtype=str(value.dtype),
        device="cpu",
        strides=_strides(value),
        contiguous=value.flags.c_contiguous,
        nbytes=value.nbytes,
        memory=told(lambda: _memory(value)),
        remark="" if value.flags.writeable else "read-only",
    )


def parts_of(value: object) -> list[object] | None:  # noqa: ARG001 - NumPy has no modules
    """Nothing: NumPy has no modules."""
    return None


def _strides(array: np.ndarray[Any, Any]) -> tuple[int, ...] | None:
    """In elements, as the frameworks count; None where elements overlap in part."""
    size = array.itemsize
    if not size or any(stride % size for stride in array.strides):
        return None
    return tuple(stride // size for stride in array.strides)


def _memory(array: np.ndarray[Any, Any]) -> tuple[Allocation, ...]:
    """The memory of the array that this one is a view of."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    if not array.nbytes:
        return ()
    module: Any = getattr(np.lib, "array_utils", np)  # it moved with NumPy 2
    start, end = module.byte_bounds(array)
    return (Allocation("cpu", int(start), int(end)),)
