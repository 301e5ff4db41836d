"""Waiting until JAX's devices have done all that was asked of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import numpy as np

from dlmagic.frameworks.jax import _compat as compat


def synchronise(results: object) -> None:
    """Wait for the results, and for work whose results were dropped.

    Each device does what one thread asks of it in the order in which it was asked (on the CPU,
    measured with JAX 0.10.2: a small computation that is asked for after a long one ends after
    it), so one small computation per device is a barrier. It takes about 10 microseconds. What
    another thread asked for is not waited for. JAX's devices are not started for it.
    """
    if not compat.is_started():
        return
    jax.block_until_ready(results)
    jax.effects_barrier()
    for barrier, argument in _barriers():
        barrier(argument).block_until_ready()


@cache
def _barriers() -> tuple[tuple[Any, Any], ...]:
    """A compiled computation and its argument for each device of this process."""
    with jax.disable_jit(False):
        step = jax.jit(_dlmagic_barrier)
        zeros = [jax.device_put(np.int32(0), device) for device in jax.local_devices()]
        return tuple((step, zero) for zero in zeros)


def _dlmagic_barrier(number: Any) -> Any:
    return number + 1
