"""The work by which the limits of a device are measured: a large product, and much memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp


def matrix_product(size: int, dtype: str) -> Callable[[], Any]:
    """Multiplies two matrices of so many rows, in one compiled program."""
    first, second = jax.random.normal(jax.random.key(0), (2, size, size)).astype(dtype)
    multiply = jax.jit(jnp.matmul)
    return lambda: multiply(first, second)


def memory_traffic(size: int) -> Mapping[int, Callable[[], Any]]:
    """A copy and a sum of so many bytes, by the bytes that they read and write."""
    source = jnp.zeros(size // 4, jnp.float32)
    copy, add_up = jax.jit(jnp.copy), jax.jit(jnp.sum)
    return {2 * size: lambda: copy(source), size: lambda: add_up(source)}
