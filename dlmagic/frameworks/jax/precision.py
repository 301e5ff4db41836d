"""NumPy's arrays that are less exact in a compiled program than in the cell as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import jax
import numpy as np

from dlmagic.finding import Finding, Fix

_NARROWED = {"float64": "float32", "complex128": "complex64"}
_MOST_NAMES = 3


def findings_about_precision(named: Mapping[str, object]) -> Iterator[Finding]:
    """A hint where NumPy's float64 becomes float32, which the answers may show.

    Args:
        named: What the program takes, by the user's names.
    """
    if jax.config.jax_enable_x64:
        return
    for dtype, narrow in _NARROWED.items():
        names = [name for name, value in named.items() if _holds(value, dtype)]
        names = [name for name in names if name.isidentifier()]
        if names:
            yield _finding(names, dtype, narrow)


def _holds(value: object, dtype: str) -> bool:
    leaves = jax.tree_util.tree_leaves(value)
    return any(isinstance(leaf, np.ndarray) and leaf.dtype == dtype for leaf in leaves)


def _finding(names: list[str], dtype: str, narrow: str) -> Finding:
    shown = ", ".join(names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return Finding(
        "narrowed",
        "hint",
        f"In mode jit the {dtype} of NumPy in {shown}{more} is {narrow}, as in all of JAX.",
        operands=tuple(names),
        fix=Fix("Set jax_enable_x64 in a first cell to compute in float64 everywhere."),
    )
