"""Saving values of JAX: its arrays never change, and its machinery is no state."""

from __future__ import annotations

import jax

from dlmagic.frameworks.protocol import Saved, SavedNothing

_OPAQUE = ("jax.", "jaxlib.", "flax.nnx.tracers", "flax.nnx.graph")


def save(value: object) -> Saved | None:
    """Nothing for arrays and for compiled functions, devices, meshes and the like.

    Everything else, modules of Flax and states of optax included, is walked like any object.
    """
    if isinstance(value, jax.Array) or _is_machinery(value):
        return SavedNothing()
    return None


def _is_machinery(value: object) -> bool:
    return f"{type(value).__module__}.".startswith(_OPAQUE)
