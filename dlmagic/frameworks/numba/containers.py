"""Typed lists and dicts: their contents are kept in a copy, and put back into the same object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numba
import numpy as np
from numba import typed, types
from numba.core.errors import NumbaError
from numba.np.numpy_support import as_dtype

from dlmagic.frameworks.numba import _compat as compat

_WITH_CONTENTS = (types.Array, types.ListType, types.DictType, types.ClassInstanceType)


class SavedContainer:
    """A ``numba.typed.List`` or ``numba.typed.Dict``.

    Args:
        value: The container. It has a type already.
    """

    def __init__(self, value: Any) -> None:
        self.value = value
        self._is_list = isinstance(value, typed.List)
        self._copy = _copied(value)

    def changed(self) -> bool:
        """Whether the contents differ; yes wherever they cannot be compared."""
        inside = _item_type(self.value)
        if isinstance(inside, _WITH_CONTENTS):
            arrays = isinstance(inside, types.Array) and self._is_list
            return bool(_arrays_differ(self.value, self._copy)) if arrays else True
        differ = _lists_differ if self._is_list else _dicts_differ
        try:
            return bool(differ(self.value, self._copy))
        except NumbaError:  # contents that have no comparison
            return True

    def restore(self) -> None:
        """Put the same contents back, in the same order."""
        if not self.changed():
            return
        if self._is_list:
            _fill_list(self.value, self._copy)
        else:
            _fill_dict(self.value, self._copy)

    def children(self) -> Iterable[tuple[str, object]]:
        """Arrays and containers inside, which have contents of their own."""
        if isinstance(_item_type(self.value), _WITH_CONTENTS):
            yield from contents(self._copy)


def save_container(value: object) -> SavedContainer | None:
    """The contents of a typed container; None for anything else, and for one without a type.

    The latter has no contents: the general walk puts it back as it is.
    """
    if not isinstance(value, typed.List | typed.Dict) or compat.is_untyped(value):
        return None
    return SavedContainer(value)


def contents(value: Any) -> Iterable[tuple[str, object]]:
    """What a typed container holds, each with the suffix that names it."""
    if isinstance(value, typed.List):
        yield from ((f"[{index}]", item) for index, item in enumerate(value))
    else:
        yield from ((f"[{key!r}]", item) for key, item in value.items())


def in_python(value: Any) -> object:
    """The same contents in a list or a dict of Python."""
    if compat.is_untyped(value):
        return [] if isinstance(value, typed.List) else {}
    if isinstance(value, typed.Dict):
        return dict(value.items())
    if isinstance(_item_type(value), types.Float | types.Integer):
        return _as_array(value).tolist()  # much faster for a long one
    return list(value)


def _item_type(value: object) -> Any:
    kind = numba.typeof(value)
    return kind.value_type if isinstance(kind, types.DictType) else kind.item_type


def _as_array(value: Any) -> Any:
    numbers = np.empty(len(value), as_dtype(_item_type(value)))
    _fill_array(numbers, value)
    return numbers


@numba.njit
def _copied(container):  # type: ignore[no-untyped-def]
    return container.copy()


@numba.njit
def _fill_array(numbers, items):  # type: ignore[no-untyped-def]
    for index in range(len(items)):
        numbers[index] = items[index]


@numba.njit
def _fill_list(target, kept):  # type: ignore[no-untyped-def]
    target.clear()
    for item in kept:
        target.append(item)


@numba.njit
def _fill_dict(target, kept):  # type: ignore[no-untyped-def]
    target.clear()
    for key, item in kept.items():
        target[key] = item


@numba.njit
def _lists_differ(first, second):  # type: ignore[no-untyped-def]
    if len(first) != len(second):
        return True
    for index in range(len(first)):
        a, b = first[index], second[index]
        if a != b and (a == a or b == b):  # NaN equals itself here
            return True
    return False


@numba.njit
def _arrays_differ(first, second):  # type: ignore[no-untyped-def]
    if len(first) != len(second):
        return True
    for index in range(len(first)):
        a, b = first[index], second[index]
        if a.ctypes.data != b.ctypes.data or a.shape != b.shape or a.strides != b.strides:
            return True
    return False


@numba.njit
def _dicts_differ(first, second):  # type: ignore[no-untyped-def]
    if len(first) != len(second):
        return True
    for pair, other in zip(first.items(), second.items()):  # noqa: B905 - numba has no strict
        if pair[0] != other[0]:
            return True
        a, b = pair[1], other[1]
        if a != b and (a == a or b == b):
            return True
    return False
