"""Arrays of JAX as their metadata show them."""

from __future__ import annotations

import jax

from dlmagic.frameworks.description import Description, told


def describe(value: object) -> Description | None:
    """See :meth:`dlmagic.frameworks.description.Describer.describe`.

    Where the numbers lie is not told: arrays of JAX never change.
    """
    if not isinstance(value, jax.Array):
        return None
    return Description(
        kind="Tracer" if isinstance(value, jax.core.Tracer) else "Array",
        shape=told(lambda: tuple(axis if type(axis) is int else str(axis) for axis in value.shape)),
        dtype=told(lambda: str(value.dtype)),
        device=told(lambda: _device(value)),
        nbytes=told(lambda: int(value.nbytes)),
        remark=told(lambda: _remark(value)) or "",
    )


def parts_of(value: object) -> list[object] | None:  # noqa: ARG001 - JAX has no modules
    """Nothing: parameters of JAX are trees of arrays."""
    return None


def _device(array: jax.Array) -> str | None:
    devices = sorted(array.devices(), key=lambda device: device.id)
    first = f"{devices[0].platform}:{devices[0].id}"
    return first if len(devices) == 1 else f"{first} and {len(devices) - 1} more"


def _remark(array: jax.Array) -> str:
    if isinstance(array, jax.core.Tracer):
        return "traced"
    if array.is_deleted():
        return "deleted"
    return "weak type" if array.weak_type else ""
