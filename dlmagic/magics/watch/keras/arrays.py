"""What is looked at of tensors, and what there is to say of it; at once or in a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from dlmagic.magics.watch.keras import functions
from dlmagic.magics.watch.measures import SAMPLE, STRIDE, UNIT_ROWS, measure


def look_at(tensors: Sequence[Any], *, exact: bool) -> list[Any]:
    """The part of each tensor that is measured, flat: all, or a sample of a fixed length.

    A tensor with fewer values than a sample has them once more; they are not counted twice.
    """
    return [_part(each, exact) for each in tensors]


def length_looked_at(size: int, *, exact: bool) -> int:
    """How long the part of a tensor is, of a known size."""
    return size if exact and size > SAMPLE else SAMPLE


def _part(tensor: Any, exact: bool) -> Any:
    flat = _flat(tensor)
    size = ops.shape(flat)[0]
    known = isinstance(size, int)
    return flat if exact and not (known and size <= SAMPLE) else _sample(flat)


def measured(looked_at: Sequence[Any], totals: Any, *, exact: bool) -> tuple[Any, Any]:
    """What :func:`~dlmagic.magics.watch.measures.measure` gives for these, a row for each.

    Samples are measured in one go, and so are tensors that are no larger.

    Args:
        looked_at: What :func:`look_at` gave.
        totals: How many values each of the tensors has.
        exact: Whether those are all values.
    """
    alone = [exact and not _is_sample(each) for each in looked_at]
    together = [at for at, is_alone in enumerate(alone) if not is_alone]
    rows = {at: _alone(looked_at[at]) for at, is_alone in enumerate(alone) if is_alone}
    if not together:
        return _joined([rows[at] for at in range(len(alone))])
    values = ops.stack([looked_at[at] for at in together], axis=0)
    places = ops.cast(ops.arange(SAMPLE), "int64")[None, :]
    there = ops.take(totals, np.array(together), axis=0)[:, None]
    found = measure(functions, values, ops.less(places, there))
    if not rows:
        return found
    for row, at in enumerate(together):
        rows[at] = tuple(each[row : row + 1] for each in found)
    return _joined([rows[at] for at in range(len(alone))])


def _is_sample(flat: Any) -> bool:
    """Whether a part has the length of a sample; one of unknown length has all values."""
    length = ops.shape(flat)[0]
    return isinstance(length, int) and length == SAMPLE


def _joined(rows: Sequence[Any]) -> tuple[Any, Any]:
    floats, counts = zip(*rows, strict=True)
    return ops.concatenate(floats, axis=0), ops.concatenate(counts, axis=0)


def _alone(flat: Any) -> tuple[Any, Any]:
    values = flat[None, :]
    return measure(functions, values, ops.ones_like(values, dtype="bool"))


def sizes(tensors: Sequence[Any]) -> Any:
    """How many values each tensor has."""
    return ops.stack([ops.cast(_size(each), "int64") for each in tensors], axis=0)


def _size(tensor: Any) -> Any:
    shape = ops.shape(tensor)
    known = [length for length in shape if isinstance(length, int)]
    size: Any = int(np.prod(known)) if known else 1
    for length in shape:
        size = size if isinstance(length, int) else size * ops.cast(length, "int64")
    return size


def _flat(tensor: Any) -> Any:
    tensor = ops.stop_gradient(ops.convert_to_tensor(tensor))
    return ops.cast(ops.reshape(tensor, (-1,)), "float32")


def _sample(flat: Any) -> Any:
    size = ops.shape(flat)[0]
    if isinstance(size, int):
        picked = np.arange(SAMPLE, dtype=np.int64) * STRIDE % np.maximum(size, 1)
        return ops.take(flat, picked, axis=0) if size else ops.zeros((SAMPLE,), "float32")
    # One zero more than there are values, as a batch may be empty.
    length = ops.cast(ops.maximum(size, 1), "int64")
    picked = ops.cast(ops.arange(SAMPLE), "int64") * STRIDE % length
    return ops.take(ops.pad(flat, ((0, 1),)), picked, axis=0)


def active_units(tensor: Any, axis: int, *, exact: bool) -> Any:
    """Which units of an output are anything but zero, along the axis of its units."""
    tensor = ops.stop_gradient(tensor)
    moved = tensor if axis == -1 else ops.moveaxis(tensor, axis, -1)
    rows = ops.reshape(moved, (-1, tensor.shape[axis]))
    if not exact:
        count = ops.cast(ops.maximum(ops.shape(rows)[0], 1), "int64")
        picked = ops.cast(ops.arange(UNIT_ROWS), "int64") * STRIDE % count
        rows = ops.take(ops.pad(rows, ((0, 1), (0, 0))), picked, axis=0)
    return ops.any(ops.not_equal(rows, 0), axis=0)


def fault_of(tensor: Any) -> Any:
    """NaN, infinite and all values of a tensor, and the smallest and largest magnitude."""
    flat = ops.abs(_flat(tensor))
    finite = ops.isfinite(flat)
    numbers = [
        ops.sum(ops.cast(ops.isnan(flat), "float32")),
        ops.sum(ops.cast(ops.isinf(flat), "float32")),
        ops.cast(_size(flat), "float32"),
        ops.min(ops.where(finite, flat, ops.full_like(flat, np.inf))),
        ops.max(ops.where(finite, flat, ops.zeros_like(flat))),
    ]
    return ops.stack(numbers)


def sentinel(tensors: Sequence[Any]) -> Any:
    """A number that is finite if all values of all tensors are, at the price of their sums."""
    sums = [ops.sum(ops.cast(ops.stop_gradient(each), "float32")) for each in tensors]
    return ops.sum(ops.stack(sums))
