"""The functions of JAX as statistics need them, and what is looked at of its arrays."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlmagic.magics.watch.measures import EDGES32, SAMPLE, indices, measure
from dlmagic.magics.watch.sample_result import BINS

logical_and, isfinite, isnan, isinf = jnp.logical_and, jnp.isfinite, jnp.isnan, jnp.isinf
where, zeros_like, full_like, maximum = jnp.where, jnp.zeros_like, jnp.full_like, jnp.maximum
sum, min, max = jnp.sum, jnp.min, jnp.max  # noqa: A001 - these are the names that are asked for
stack, concatenate = jnp.stack, jnp.concatenate

_CHUNK = 1024


def cast(values: Any, dtype: Any) -> Any:
    """As another type."""
    return values.astype(dtype)


def total(values: Any) -> Any:
    """Sum of each row, in two levels: one after the other loses digits of long rows."""
    length = values.shape[1]
    if length <= _CHUNK:
        return jnp.sum(values, axis=1)
    padded = jnp.pad(values, ((0, 0), (0, -length % _CHUNK)))
    return total(jnp.sum(padded.reshape(len(values), -1, _CHUNK), axis=2))


def bins(values: Any, which: Any) -> Any:
    """How many values of each row lie in each bin; ``which`` of them count."""
    places = jnp.searchsorted(EDGES32, values.astype(np.float32), side="right")
    rows = jnp.broadcast_to(jnp.arange(len(values))[:, None], values.shape)
    empty = jnp.zeros((len(values), BINS), np.int32)
    return empty.at[rows, places].add(which.astype(np.int32))


def is_floating(value: Any) -> bool:
    """Whether this is an array of floating-point numbers."""
    dtype = getattr(value, "dtype", None)
    return dtype is not None and jnp.issubdtype(dtype, jnp.floating)


def look_at(array: Any, *, exact: bool) -> Any:
    """The part of an array that is measured, flat."""
    flat = jax.lax.stop_gradient(array).reshape(-1).astype(np.float32)
    return flat if exact or flat.size <= SAMPLE else flat[indices(flat.size, SAMPLE)]


def measured(looked_at: Sequence[Any]) -> tuple[Any, Any]:
    """What :func:`~dlmagic.magics.watch.measures.measure` gives for these, a row for each.

    Samples are measured in one go, as every reduction takes its time to compile; what is longer
    is measured on its own.
    """
    rows: list[Any] = [None] * len(looked_at)
    few = [at for at, each in enumerate(looked_at) if each.size <= SAMPLE]
    groups = [few, *([at] for at in range(len(rows)) if at not in few)]
    for places in filter(None, groups):
        length = builtins.max(looked_at[at].size for at in places)
        padded = [jnp.pad(looked_at[at], (0, length - looked_at[at].size)) for at in places]
        sizes = np.array([looked_at[at].size for at in places])
        floats, counts = _reduce(jnp.stack(padded), np.arange(length) < sizes[:, None])
        for row, at in enumerate(places):
            rows[at] = floats[row], counts[row]
    return jnp.stack([each for each, _ in rows]), jnp.stack([each for _, each in rows])


@jax.jit  # type: ignore[untyped-decorator]
def _reduce(values: Any, valid: Any) -> Any:
    return measure(_THIS, values, valid)


class _This:
    """This module, as the statistics ask for it."""

    def __getattr__(self, name: str) -> Any:
        return globals()[name]


_THIS = _This()


def active_units(array: Any) -> Any:
    """Which units of an output, along its last axis, are anything but zero."""
    array = jax.lax.stop_gradient(array)
    return jnp.any(jnp.atleast_1d(array) != 0, axis=tuple(range(array.ndim - 1)))
