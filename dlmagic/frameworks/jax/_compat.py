"""Every private name of JAX that dlmagic uses, each behind a plain answer of its own.

A name that a later JAX moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/jax/test_compat.py`` fails when that happens, so
that the loss is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

import jax

TRACED = "/jax/core/compile/jaxpr_trace_duration"
"""The event of a function traced; its listener gets ``fun_name``; the name is not promised."""
LOWERED = "/jax/core/compile/jaxpr_to_mlir_module_duration"
"""The event of a traced function made a program for the compiler; likewise."""
COMPILED = "/jax/core/compile/backend_compile_duration"
"""The event of a program compiled for a device; likewise."""
LOADED = "/jax/compilation_cache/cache_hits"
"""The event of a program found in the persistent cache; the name is not promised."""
STORED = "/jax/compilation_cache/cache_misses"
"""The event of a program written to it: JAX tells of those misses only that it makes good."""


@cache
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
    """Take a listener of durations away; whether that was possible."""
    return _unregister(
        listener,
        "unregister_event_duration_listener",
        "_unregister_event_duration_listener_by_callback",
    )


def unregister_from_cache(listener: Callable[..., None]) -> bool:
    """Take a listener of plain events away; whether that was possible."""
    return _unregister(
        listener, "unregister_event_listener", "_unregister_event_listener_by_callback"
    )


def _unregister(listener: Callable[..., None], *names: str) -> bool:
    for name in names:
        take_away = getattr(jax.monitoring, name, None) or _private("monitoring", name)
        if callable(take_away):
            take_away(listener)
            return True
    return False


def flags() -> Mapping[str, object]:
    """All settings of JAX by name; empty where they cannot be listed."""
    return dict(getattr(jax.config, "values", {}))


def donates(function: object) -> bool:
    """Whether a function of ``jax.jit`` takes the memory of some of its arguments."""
    told = getattr(function, "_jit_info", None)
    names = ("donate_argnums", "donate_argnames")
    return any(getattr(told, name, ()) for name in names)


def bytes_of_constants(traced: Any) -> int:
    """How many bytes of arrays a traced function holds that are none of its arguments."""
    constants: Any = getattr(traced, "_consts", None) or getattr(traced.jaxpr, "consts", ())
    return sum(int(constant.nbytes) for constant in constants if hasattr(constant, "nbytes"))


def users_frames(equation: Any) -> list[tuple[str, int, str]]:
    """File, line and function of the code that made an equation, the outermost first.

    JAX's own code is left out; empty where JAX does not tell.
    """
    find = _private("source_info_util", "user_frames")
    if not callable(find):
        return []
    source = getattr(equation.source_info, "traceback", equation.source_info)
    for argument in (equation.source_info, source):  # versions take either
        try:
            found = list(find(argument))
        except (AttributeError, TypeError):
            continue
        return [(f.file_name, int(f.start_line), f.function_name) for f in reversed(found)]
    return []


def under_key(array: Any) -> Any:
    """The plain array that a random key is made of; any other array itself."""
    return getattr(array, "_base_array", array)


@contextmanager
def waiting_is_done() -> Iterator[None]:
    """While active, ``x.block_until_ready()`` gives ``x`` while a function is traced.

    ``jax.block_until_ready(x)`` does so by itself; the method is refused.
    """
    kind, name = jax.core.Tracer, "block_until_ready"
    if name in vars(kind):  # a JAX that has one of its own
        yield
        return
    setattr(kind, name, lambda tracer: tracer)
    try:
        yield
    finally:
        delattr(kind, name)


def alias_of(array: Any) -> Any:
    """Another array over the same memory, or None where none can be made."""
    try:
        committed = bool(getattr(array, "committed", getattr(array, "_committed", False)))
        return type(array)(array.aval, array.sharding, array._arrays, committed=committed)
    except (AttributeError, TypeError):
        return None


def put(array: Any, source: Any) -> bool:
    """Let an array be, in place, what another is: its memory, shape and type.

    The object stays the same one, also one whose memory was handed over to a computation.
    This is JAX's own way to change a mutable reference. To call the array's ``__init__`` again
    would do as well, and corrupts JAX's list of arrays: the process ends much later. An array
    that is to be what it is already is left alone: JAX would empty it and end the process.

    Returns whether that was possible.
    """
    if source is array:
        return not array.is_deleted()
    replace = getattr(array, "_replace_with", None)
    if replace is None:
        return False
    replace(source)
    return not array.is_deleted()


@cache
def can_put() -> bool:
    """Whether :func:`put` works with this JAX; tried on two small arrays."""
    first, second = jax.numpy.zeros(1), jax.numpy.ones(2)
    return put(first, second) and first.shape == (2,) and bool(first[1] == 1)
