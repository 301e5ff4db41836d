"""The second referee: the same cell once more from values that differ in their last digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.float64 import displaced
from dlmagic.frameworks.jax.state import SavedArray
from dlmagic.frameworks.protocol import NUDGE, Saved, Widen


@contextmanager
def nudged(saved: Sequence[Saved], seed: int) -> Iterator[Widen]:
    """Move every saved floating-point array by a few rounding errors of its type, in place.

    Zeros stay zeros. The arrays are the same objects and are put back at the end.

    Raises:
        ModeUnavailable: This version of JAX does not allow that.
    """
    numbers = np.random.default_rng(seed)
    arrays = [item for item in saved if isinstance(item, SavedArray)]
    with ExitStack() as stack:
        displaced(arrays, lambda array: _nudged(array, numbers), stack)
        yield lambda argument: argument


def _nudged(array: Any, numbers: np.random.Generator) -> Any:
    """The array with other last digits, computed in a type that can tell them."""
    step = NUDGE * float(jnp.finfo(array.dtype).eps)
    factors = 1 + step * numbers.uniform(-1, 1, array.shape)
    wide = np.complex128 if jnp.issubdtype(array.dtype, jnp.complexfloating) else np.float64
    moved = (np.asarray(array).astype(wide) * factors).astype(array.dtype)
    placed = jax.device_put(moved, array.sharding)
    alias = compat.alias_of(placed, kind=array)
    return placed if alias is None else alias
