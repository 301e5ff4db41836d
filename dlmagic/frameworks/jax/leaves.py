"""Which values become inputs of a traced program."""

from __future__ import annotations

import jax
import numpy as np

Tracer = jax.core.Tracer
_NUMERIC = "biufc"


def is_live_array(value: object) -> bool:
    """Whether it is an array with numbers: no tracer, not handed over to a computation."""
    if not isinstance(value, jax.Array) or isinstance(value, Tracer):
        return False
    return not value.is_deleted()


def is_input(value: object) -> bool:
    """Whether the value is handed to the traced program, rather than built into it.

    JAX's arrays, and NumPy's arrays of numbers. Python numbers, texts and functions are the
    same in every call.
    """
    if isinstance(value, np.ndarray):
        return value.dtype.kind in _NUMERIC or value.dtype.name == "bfloat16"
    return isinstance(value, jax.Array)


def holds_inputs(value: object) -> bool:
    """Whether there is such a value somewhere in a tree of containers."""
    return any(is_input(leaf) for leaf in jax.tree_util.tree_leaves(value))
