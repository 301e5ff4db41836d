"""Arrays that a computation takes over: ``jax.jit(step, donate_argnums=0)`` deletes them.

A cell that does this to an array of the notebook can run only once. So the array is copied
before, brought back afterwards, and in every mode each call begins with a fresh copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any, TypeVar
from weakref import WeakSet

import jax

from dlmagic.finding import Finding
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax.sizes import size_text
from dlmagic.frameworks.protocol import Prepared

_WORD = "donate"
_LIBRARIES = ("jax", "jaxlib", "flax", "optax")

_mentioning: WeakSet[FunctionType] = WeakSet()
_observers: list[list[Any]] = []
_seen: list[bool] = []

T = TypeVar("T")


def donates(function: object) -> bool:
    """Whether a compiled function, jitted or compiled ahead of time, deletes arguments."""
    if isinstance(function, jax.stages.Compiled):
        return any(info.donated for info in jax.tree_util.tree_leaves(function.args_info))
    return compat.donates(function)


def look_at(function: FunctionType) -> None:
    """Note a function of the user's that may jit another one so."""
    if is_of_user(function) and _mentions(function.__code__):
        _mentioning.add(function)


def is_of_user(function: object) -> bool:
    """Whether a function is none of JAX's or of the libraries upon it."""
    return str(getattr(function, "__module__", None)).partition(".")[0] not in _LIBRARIES


def is_mentioned() -> bool:
    """Whether any function that a cell has reached jits another one so."""
    return bool(_mentioning)


def copies(arrays: Sequence[Any]) -> Sequence[Any]:
    """Copies with memory of their own; of arrays on one device in one computation."""
    if len({device for array in arrays for device in array.devices()}) == 1:
        made: Sequence[Any] = _copy_all(list(arrays))
        return made
    return _dlmagic_copies(list(arrays))


def _dlmagic_copies(arrays: list[Any]) -> list[Any]:
    return [jax.numpy.copy(array) for array in arrays]


_copy_all = jax.jit(_dlmagic_copies)


def note(array: Any) -> None:
    """An array had been deleted by the cell and is back."""
    _seen[:] = [True]
    for observer in _observers:
        observer.append(array)


@contextmanager
def observed() -> Iterator[list[Any]]:
    """While active, collect the arrays that are brought back."""
    observer: list[Any] = []
    _observers.append(observer)
    try:
        yield observer
    finally:
        _observers.pop(next(i for i, known in enumerate(_observers) if known is observer))


def taken_by(run: Callable[[], object]) -> list[Any]:
    """The arrays that a run of the cell deletes; the run puts all state back."""
    if not _seen:  # no cell of this process ever did
        return []
    with observed() as arrays:
        run()
    return arrays


def with_fresh_copies(prepared: Prepared, arrays: Sequence[Any]) -> Prepared:
    """The same mode with new copies of some arrays before every call, and a word about it."""
    if not arrays:
        return prepared
    kept, function = copies(arrays), prepared.function

    def call(*arguments: object) -> tuple[object, ...]:
        for array, fresh in zip(arrays, copies(kept), strict=True):
            compat.put(array, fresh)
        return function(*arguments)

    size = size_text(sum(array.nbytes for array in kept))
    said = (
        f"The cell deletes {len(arrays)} of the arrays that it reads (donate_argnums), so in "
        f"every mode each call first copies their {size}."
    )
    return Prepared(
        call,
        prepared.replacements,
        (*prepared.findings, Finding("donated", "hint", said)),
        prepared.active,
    )


def _mentions(code: CodeType) -> bool:
    """Whether a function's code names ``donate_argnums`` or the like, also as a keyword."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and _mentions(constant):
            return True
        words = constant if isinstance(constant, tuple) else (constant,)
        if any(isinstance(word, str) and word.startswith(_WORD) for word in words):
            return True
    return any(name.startswith(_WORD) for name in code.co_names)
