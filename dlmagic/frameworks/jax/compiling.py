"""How each of JAX's modes prepares a cell."""

from __future__ import annotations

from collections.abc import Mapping

import jax

from dlmagic.frameworks.protocol import CellLike, Prepared


def prepare_eager(cell: CellLike) -> Prepared:
    """The cell as it is; functions that the user jitted stay so."""
    return Prepared(cell.function)


def prepare_jit(cell: CellLike, arguments: Mapping[str, object]) -> Prepared:  # noqa: ARG001
    """The cell through ``jax.jit``."""
    return Prepared(jax.jit(cell.function))
