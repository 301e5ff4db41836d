"""The referee: the same cell once more with every floating-point value in float64.

An array of JAX cannot change its type, but the object can be given another array's memory
(see ``_compat.put``), so the same object is float64 for a while wherever it stands: among the
cell's arguments, in a module's variables, in a closure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import jax
import jax.numpy as jnp

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.jax.state import SavedArray
from dlmagic.frameworks.protocol import Saved, Widen

_WIDE = 64  # bits of a number that cannot be wider here
_KEY_OF_TWO = (2,)  # random keys in the older form are two numbers of 32 bits


@contextmanager
def as_float64(saved: Sequence[Saved]) -> Iterator[Widen]:
    """While active, the saved arrays are float64 and so are new ones.

    Random numbers are drawn otherwise in float64, so a cell that has or makes a random key has
    no such referee. A cell that computes in float64 has none either: it would be no more exact.

    Raises:
        ModeUnavailable: There is a random key, nothing that can be more exact, or an array that
            cannot be replaced in place.
    """
    arrays = [item for item in saved if isinstance(item, SavedArray)]
    if any(item.is_key or _may_be_key(item.array) for item in arrays):
        raise ModeUnavailable("Random numbers are drawn otherwise in float64.")
    before = jax.config.jax_enable_x64
    if before and not any(map(_is_narrow, arrays)):
        raise ModeUnavailable("The arrays are float64 already.")
    with ExitStack() as stack:
        stack.callback(jax.config.update, "jax_enable_x64", before)
        jax.config.update("jax_enable_x64", True)
        for name in ("key", "PRNGKey"):
            stack.callback(setattr, jax.random, name, getattr(jax.random, name))
            setattr(jax.random, name, _refuse_key)
        displaced(arrays, _widened, stack)
        yield lambda argument: argument


def displaced(arrays: Sequence[SavedArray], change: Callable[[Any], Any], stack: ExitStack) -> None:
    """Let other values stand in floating-point arrays until the stack is closed.

    Raises:
        ModeUnavailable: This JAX does not allow that.
    """
    for item in arrays:
        if item.array.is_deleted() or not jnp.issubdtype(item.array.dtype, jnp.inexact):
            continue
        stack.callback(item.restore)
        if not item.displace(change(item.array)):
            raise ModeUnavailable("Arrays cannot be replaced in place with this version of JAX.")


def _is_narrow(item: SavedArray) -> bool:
    dtype = item.array.dtype
    return bool(jnp.issubdtype(dtype, jnp.inexact) and jnp.finfo(dtype).bits < _WIDE)


def _widened(array: Any) -> Any:
    complex_numbers = jnp.issubdtype(array.dtype, jnp.complexfloating)
    return array.astype(jnp.complex128 if complex_numbers else jnp.float64)


def _may_be_key(array: Any) -> bool:
    return bool(array.dtype == jnp.uint32 and array.shape[-1:] == _KEY_OF_TWO)


def _refuse_key(*arguments: object, **named: object) -> object:  # noqa: ARG001 - any call
    raise ModeUnavailable("Random numbers are drawn otherwise in float64.")
