"""Every private name of numba that dlmagic uses, each behind a plain answer of its own.

A name that a later numba moves away must cost a detail, never a run: each function here
degrades to "not known". ``tests/frameworks/numba/test_compat.py`` fails when that happens,
so that the loss is noticed.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from numba import typed

_NOBODY = SimpleNamespace()
_FORM_OF_GENERATOR = "{i32, [624 x i32], i32, double, i32}"


class _Generator(ctypes.Structure):
    """What numba keeps for each thread and generator: see ``_random.c`` of numba.

    ``rnd_get_state`` and ``rnd_set_state`` forget the second half of a pair of normal numbers.
    """

    _fields_ = (
        ("index", ctypes.c_int),
        ("numbers", ctypes.c_uint * 624),
        ("has_gauss", ctypes.c_int),
        ("gauss", ctypes.c_double),
        ("is_initialized", ctypes.c_int),
    )


@dataclass(frozen=True)
class CudaDriver:
    """How far numba has got with CUDA.

    Attributes:
        tried: Whether it has tried to start it.
        error: Why that failed; None if it did not.
        pid: The process that has started it.
    """

    tried: bool
    error: str | None
    pid: int | None


def cuda_driver() -> CudaDriver | None:
    """What numba knows of CUDA; None where its CUDA is not imported, or does not tell."""
    module = sys.modules.get("numba.cuda.cudadrv.driver")
    # Not by getattr: asked for a name that it does not have, it starts CUDA.
    known = vars(getattr(module, "driver", None) or _NOBODY)
    if "is_initialized" not in known:
        return None
    error, pid = known.get("initialization_error"), known.get("pid")
    return CudaDriver(bool(known["is_initialized"]), None if error is None else str(error), pid)


@cache
def generator_places() -> tuple[int, ...]:
    """Where the generators behind ``np.random`` and ``random`` of this thread's compiled code are.

    Empty where they do not have the form that is known.
    """
    try:
        library: Any = importlib.import_module("numba._helperlib")
        form = importlib.import_module("numba.cpython.randomimpl").rnd_state_t
        known = str(form) == _FORM_OF_GENERATOR
        return (library.rnd_get_np_state_ptr(), library.rnd_get_py_state_ptr()) if known else ()
    except (AttributeError, ImportError):
        return ()


def generator_state(place: int) -> bytes:
    """The state of a generator."""
    return ctypes.string_at(place, ctypes.sizeof(_Generator))


def set_generator_state(place: int, state: bytes) -> None:
    """Put a state back that :func:`generator_state` has given."""
    ctypes.memmove(place, state, ctypes.sizeof(_Generator))


@contextmanager
def watching_disk_cache(loaded: Callable[[], None], stored: Callable[[], None]) -> Iterator[None]:
    """While active, be told of what numba finds in its disk cache and of what it writes there.

    numba tells nobody by itself: what is loaded counts as no compilation. Where its cache has
    another form, nothing is told.
    """
    kind: Any = getattr(importlib.import_module("numba.core.caching"), "Cache", None)
    names = ("load_overload", "save_overload")
    if kind is None or not all(name in vars(kind) for name in names):
        yield
        return
    load, save = (vars(kind)[name] for name in names)

    def load_overload(self: Any, *arguments: Any) -> Any:
        found = load(self, *arguments)
        if found is not None:
            loaded()
        return found

    def save_overload(self: Any, *arguments: Any) -> Any:
        result = save(self, *arguments)
        if getattr(self, "_enabled", False):
            stored()
        return result

    kind.load_overload, kind.save_overload = load_overload, save_overload
    try:
        yield
    finally:
        kind.load_overload, kind.save_overload = load, save


def is_jitclass_instance(value: object) -> bool:
    """Whether an object was made by a class under ``@jitclass``."""
    box = getattr(sys.modules.get("numba.experimental.jitclass"), "_box", None)
    return isinstance(value, getattr(box, "Box", ()))


def fields_of(value: Any) -> Mapping[str, object] | None:
    """The fields of such an object and their numba types; None where they are not known."""
    fields: Mapping[str, object] | None
    fields = getattr(getattr(value, "_numba_type_", None), "struct", None)
    return fields


def cuda_is_in_use() -> bool:
    """Whether numba has started CUDA; it is not started to find out.

    Where there is no CUDA, the driver counts as initialised all the same, and keeps the error.
    """
    module = sys.modules.get("numba.cuda.cudadrv.driver")
    driver = getattr(module, "driver", None)
    failed = getattr(driver, "initialization_error", None) is not None
    return bool(getattr(driver, "is_initialized", False)) and not failed


def is_untyped(container: Any) -> bool:
    """Whether a typed list or dict is still empty and has no type yet."""
    return isinstance(container, typed.List | typed.Dict) and not getattr(container, "_typed", True)
