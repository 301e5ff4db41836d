"""JAX's settings in another process."""

from __future__ import annotations

from collections.abc import Mapping

import jax

from dlmagic.frameworks.jax import _compat as compat


def settings() -> dict[str, object]:
    """Every flag whose value is plain."""
    plain = (bool, int, float, str, type(None))
    return {name: value for name, value in compat.flags().items() if isinstance(value, plain)}


def take_over(settings: Mapping[str, object]) -> None:
    """Set the flags that differ; one that cannot be set stays as it is."""
    present = compat.flags()
    for name, value in settings.items():
        if name in present and present[name] != value:
            try:
                jax.config.update(name, value)
            except (AttributeError, TypeError, ValueError):
                continue  # what differs is told from what the process reports
