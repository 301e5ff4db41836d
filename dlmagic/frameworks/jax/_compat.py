"""Every private name of JAX that dlmagic uses, each behind a plain answer of its own.

A name that a later JAX moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/jax/test_compat.py`` fails when that happens, so
that the loss is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import jax

TRACED = "/jax/core/compile/jaxpr_trace_duration"
"""The event of a function traced, whose listener gets ``fun_name``; the name is not promised."""
COMPILED = "/jax/core/compile/backend_compile_duration"
"""The event of a program compiled for a device; likewise."""


def _private(module: str, name: str) -> Any:
    """An attribute of one of JAX's own modules, or None where it is gone."""
    try:
        return getattr(import_module(f"jax._src.{module}"), name, None)
    except ImportError:
        return None


def is_started() -> bool:
    """Whether JAX has made its devices; True where it does not tell.

    To ask for a device starts all of them, which takes the memory of a GPU.
    """
    started = _private("xla_bridge", "backends_are_initialized")
    return bool(started()) if callable(started) else True


def unregister(listener: Callable[..., None]) -> bool:
    """Take a listener of events away; whether that was possible."""
    for name in (
        "unregister_event_duration_listener",
        "_unregister_event_duration_listener_by_callback",
    ):
        take_away = getattr(jax.monitoring, name, None) or _private("monitoring", name)
        if callable(take_away):
            take_away(listener)
            return True
    return False


def revive(array: Any, source: Any) -> bool:
    """Give an array whose memory was handed over to a computation another's, in place.

    The object stays the same one. Returns whether it is alive afterwards.
    """
    parts = getattr(source, "_arrays", None)
    try:
        type(array).__init__(array, source.aval, source.sharding, parts, committed=source.committed)
    except (AttributeError, TypeError):
        return False
    return not array.is_deleted()
