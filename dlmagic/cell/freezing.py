"""The walk that copies a value: containers by their items, arrays by their numbers."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import uuid
from collections import Counter, deque
from collections.abc import Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from types import EllipsisType, NoneType, SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from dlmagic.cell.frozen import (
    ArrayReader,
    Frozen,
    FrozenArray,
    FrozenContainer,
    FrozenCycle,
    FrozenOpaque,
    FrozenValue,
    frozen_numbers,
)
from dlmagic.frameworks.protocol import ArrayView

_BY_VALUE = (
    *(bool, int, str, bytes, NoneType, EllipsisType, range, slice, enum.Enum, pathlib.PurePath),
    *(decimal.Decimal, fractions.Fraction, uuid.UUID),
    *(datetime.date, datetime.time, datetime.timedelta),
)
_OWN = (dict, list, deque)
"""Python's own containers; a framework's own are compared as these."""
_DEEPEST = 100  # containers in containers; what lies deeper is known by its type only
_LONG_LIST = 32  # from here on a list of numbers is copied as one array
_Items = Iterable[tuple[str, object]]


class Freezer:
    """Copies values that may share parts, or contain themselves.

    Args:
        frameworks: Who can read arrays.
    """

    def __init__(self, frameworks: Sequence[ArrayReader]) -> None:
        self._frameworks = frameworks
        self._done: dict[int, Frozen] = {}
        self._open: dict[int, int] = {}
        self._alive: list[object] = []  # an id is only good while its object lives

    def freeze(self, value: object) -> Frozen:
        """Copy a value; what is shared is copied once."""
        key = id(value)
        if key in self._open:
            return FrozenCycle(len(self._open) - self._open[key])
        if key not in self._done:
            self._alive.append(value)
            self._open[key] = len(self._open)
            try:
                self._done[key] = self._copy(value)
            finally:
                del self._open[key]
        return self._done[key]

    def _copy(self, value: object) -> Frozen:
        if isinstance(value, np.str_ | np.bytes_):
            value = value.item()  # NumPy's texts are texts, as its numbers are numbers
        if isinstance(value, _BY_VALUE):
            return FrozenValue(type(value).__name__, value)
        number = self._number(value)
        if number is not None:
            return number
        if isinstance(value, bytearray):
            return FrozenValue("bytearray", bytes(value))
        if isinstance(value, MutableMapping | MutableSequence) and not isinstance(value, _OWN):
            stand_in = self._from_framework(value)
            if stand_in is not value:
                return self.freeze(stand_in)
        items = None if len(self._open) > _DEEPEST else self._items(value)
        if items is None:
            return self._stand_in(value)
        copies = tuple((suffix, self.freeze(item)) for suffix, item in items)
        return FrozenContainer(type(value).__name__, copies)

    def _stand_in(self, value: object) -> Frozen:
        """What a framework offers in place of an object of its own; else its type alone."""
        stand_in = self._from_framework(value)
        kind = value.__class__.__name__  # a proxy goes by the name of what it stands for
        if stand_in is value:
            return FrozenOpaque(kind)
        frozen = self.freeze(stand_in)
        if isinstance(frozen, FrozenOpaque):
            return frozen
        return FrozenContainer(kind, (("", frozen),))

    def _from_framework(self, value: object) -> object:
        for framework in self._frameworks:
            stand_in = framework.comparable(value)
            if stand_in is not value:
                return stand_in
        return value

    def _number(self, value: object) -> Frozen | None:
        """The value as numbers, if it is an array, a floating-point scalar or a list of them."""
        if isinstance(value, float | complex | np.generic) and not isinstance(value, np.void):
            plain = np.asarray(value)
            return frozen_numbers(ArrayView(str(plain.dtype), (), "", plain), scalar=True)
        for framework in self._frameworks:
            view = framework.as_array(value)
            if view is not None and view.values.dtype != object and not view.values.dtype.names:
                return frozen_numbers(view)
        if isinstance(value, np.ndarray) and value.dtype != object and not value.dtype.names:
            return frozen_numbers(ArrayView(str(value.dtype), value.shape, "cpu", value))
        return _long_list(value) if isinstance(value, list | tuple) else None

    def _items(self, value: object) -> _Items | None:
        """What a container holds; None if it is none that we know."""
        if isinstance(value, Mapping):
            return zip(self._keys(value), list(value.values()), strict=True)
        if isinstance(value, set | frozenset):
            return self._members(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return [(f".{name}", getattr(value, name)) for name in value._fields]
        if isinstance(value, list | tuple | deque):
            return [(f"[{index}]", item) for index, item in enumerate(value)]
        if isinstance(value, np.ndarray):
            return _array_items(value)
        if isinstance(value, SimpleNamespace):
            return [(f".{name}", item) for name, item in vars(value).items()]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            names = [field.name for field in dataclasses.fields(value)]
            return [(f".{name}", getattr(value, name)) for name in names if hasattr(value, name)]
        return None

    def _keys(self, mapping: Mapping[object, object]) -> list[str]:
        return [f"[{label}]" for label in _unique(self._label(self.freeze(k)) for k in mapping)]

    def _members(self, members: set[object] | frozenset[object]) -> _Items:
        """A set's members in an order that does not depend on their hashes."""
        ordered = sorted(members, key=lambda member: self._label(self.freeze(member)))
        labels = _unique(self._label(self.freeze(member)) for member in ordered)
        return [(f"{{{label}}}", member) for label, member in zip(labels, ordered, strict=True)]

    def _label(self, frozen: Frozen) -> str:
        """A short name for a key or a member, equal for equal ones."""
        match frozen:
            case FrozenValue():
                return repr(frozen.value)
            case FrozenArray(shape=()):
                return repr(frozen.values.item())
            case FrozenContainer():
                return f"({', '.join(self._label(item) for _, item in frozen.items)})"
            case FrozenOpaque():
                return frozen.type_name
            case _:
                return type(frozen).__name__


def _long_list(value: list[object] | tuple[object, ...]) -> Frozen | None:
    """A long list of nothing but floats or integers, of Python or of NumPy, as one piece."""
    kinds: set[type] = set(map(type, value)) if len(value) >= _LONG_LIST else set()
    if kinds and all(kind is int or issubclass(kind, np.integer) for kind in kinds):
        integers = np.array(value, dtype=object if int in kinds else None)
        return FrozenValue(f"{type(value).__name__} of int", tuple(integers.tolist()))
    if kinds == {np.float32} or (kinds and kinds <= {float, np.float64}):
        numbers = np.array(value, dtype=np.float32 if kinds == {np.float32} else np.float64)
        view = ArrayView(str(numbers.dtype), numbers.shape, "", numbers)
        return frozen_numbers(view, scalar=True)
    return None


def _array_items(array: npt.NDArray[Any]) -> _Items:
    """The fields of a structured array, or the elements of an array of objects."""
    if array.dtype.names:
        return [(f"[{name!r}]", array[name]) for name in array.dtype.names]
    places = np.ndindex(array.shape)
    return [(f"[{', '.join(map(str, place))}]", array[place]) for place in places]


def _unique(labels: Iterable[str]) -> list[str]:
    """The labels, those that occur again with a number.

    >>> _unique(["Parameter", "Parameter"])
    ['Parameter', 'Parameter #2']
    """
    seen: Counter[str] = Counter()
    named = []
    for label in labels:
        seen[label] += 1
        named.append(label if seen[label] == 1 else f"{label} #{seen[label]}")
    return named
