"""Values of JAX that cannot be put back after a cell ran, or that no cell can use."""

from __future__ import annotations

import jax

from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax import donation
from dlmagic.frameworks.jax.leaves import Tracer


def limitation(name: str, value: object, cell_text: str) -> str | None:
    """Why the named value cannot be used or put back, in one sentence, or None where it can.

    Args:
        name: The user's name for it.
        value: A value that exists before the cell runs.
        cell_text: The cell, in which ``donate_argnums`` is looked for.
    """
    if isinstance(value, Tracer):
        return (
            f"{name} is a tracer that an earlier jit, grad or vmap left behind, and no number; "
            "return the value from that function."
        )
    suspected = donation.donates(value) or (isinstance(value, jax.Array) and "donat" in cell_text)
    if suspected and compat.is_started() and not compat.can_put():
        return (
            f"The cell may delete arrays that it reads (donate_argnums at {name}), which cannot "
            "be brought back with this version of JAX; jit without donating."
        )
    return None
