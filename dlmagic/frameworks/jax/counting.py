"""Counting what JAX compiles while a measurement runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import jax

from dlmagic.frameworks.jax import _compat as compat

_counts = {"compile": 0}
_users = 0


def events() -> Mapping[str, int]:
    """How many programs were compiled while somebody counted."""
    return dict(_counts)


@contextmanager
def counting() -> Iterator[None]:
    """Listen while active; may be entered several times at once."""
    global _users
    _users += 1
    if _users == 1:
        jax.monitoring.register_event_duration_secs_listener(_listen)
    try:
        yield
    finally:
        _users -= 1
        if _users == 0:
            compat.unregister(_listen)


def _listen(event: str, duration: float, **details: object) -> None:  # noqa: ARG001 - JAX's own
    if _users and event == compat.COMPILED:
        _counts["compile"] += 1
