"""The functions of Keras' backend as statistics need them, whichever backend it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from dlmagic.magics.watch.measures import EDGES32
from dlmagic.magics.watch.sample_result import BINS

logical_and, isfinite, isnan, isinf = ops.logical_and, ops.isfinite, ops.isnan, ops.isinf
where, zeros_like, full_like, maximum = ops.where, ops.zeros_like, ops.full_like, ops.maximum
sum, min, max = ops.sum, ops.min, ops.max  # noqa: A001 - these are the names that are asked for
stack, concatenate, cast = ops.stack, ops.concatenate, ops.cast


def total(values: Any) -> Any:
    """Sum of each row; the backend's own keeps enough digits."""
    return ops.sum(values, axis=1)


def bins(values: Any, which: Any) -> Any:
    """How many values of each row lie in each bin; ``which`` of them count."""
    rows = ops.shape(values)[0]
    flat = ops.reshape(ops.cast(values, "float32"), (-1,))
    found = ops.searchsorted(ops.convert_to_tensor(EDGES32), flat, "right")
    places = ops.reshape(ops.cast(found, "int32"), ops.shape(values))
    # What does not count goes into one bin more, behind the last row.
    first = ops.cast(ops.arange(rows), "int32") * BINS
    numbered = ops.where(which, places + first[:, None], rows * BINS)
    numbered = ops.reshape(numbered, (-1,))
    # bincount() would do, but for XLA.
    counted = ops.segment_sum(ops.ones_like(numbered), numbered, num_segments=rows * BINS + 1)
    return ops.cast(ops.reshape(counted[: rows * BINS], (rows, BINS)), "int32")


def is_floating(value: Any) -> bool:
    """Whether this is a tensor of floating-point numbers, of this backend."""
    dtype = getattr(value, "dtype", None)
    if dtype is None or not ops.is_tensor(value):
        return False
    return "float" in str(getattr(dtype, "name", dtype))


def numpy(value: Any) -> np.ndarray[Any, Any]:
    """On the host."""
    return np.asarray(ops.convert_to_numpy(value))
