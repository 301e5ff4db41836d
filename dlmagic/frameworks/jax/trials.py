"""A change tried on arrays of JAX, or on their shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

_MOST_ELEMENTS = 1_000_000


def owns(value: object) -> bool:
    """Whether the value is an array of JAX, or stands for one while a function is traced."""
    return isinstance(value, jax.Array)


def is_small(value: Any) -> bool:
    """Whether an array has numbers, few, and on the CPU."""
    if isinstance(value, jax.core.Tracer) or value.is_deleted():
        return False
    on_cpu = all(device.platform == "cpu" for device in value.devices())
    return on_cpu and value.size <= _MOST_ELEMENTS


def on_copies(function: Callable[..., object], values: Sequence[Any]) -> None:
    """Run the change, once its shapes are right: JAX compiles what it runs; arrays never change.

    The shape of what a mask selects depends on the numbers of the mask, so it is run at once.
    """
    if not any(owns(value) and value.dtype == bool for value in values):
        on_shapes(function, values)
    function(*values)


def on_shapes(function: Callable[..., object], values: Sequence[Any]) -> None:
    """Run the change without numbers: what JAX knows while it traces."""
    arrays = [jax.ShapeDtypeStruct(v.shape, v.dtype) for v in values if owns(v)]

    def with_arrays(*traced: Any) -> None:
        waiting = iter(traced)
        function(*(next(waiting) if owns(value) else value for value in values))

    jax.eval_shape(with_arrays, *arrays)
