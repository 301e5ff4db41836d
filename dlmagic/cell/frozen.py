"""An immutable, detached copy of whatever a cell produced, made to be compared.

Nothing in a copy shares memory with the original, so the cell may run again, in another
mode, over the same storage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dlmagic.frameworks.protocol import ArrayView


class ArrayReader(Protocol):
    """The part of a framework that a copy needs."""

    def as_array(self, value: object) -> ArrayView | None:
        """The value as an array, or None if it is none."""

    def comparable(self, value: object) -> object:
        """What stands for a value when answers are compared, or the value itself."""


@dataclass(frozen=True, eq=False)
class FrozenArray:
    """Numbers: a tensor, an array, or a floating-point scalar.

    Attributes:
        dtype: The framework's name, such as ``"bfloat16"``.
        shape: Number of elements per axis.
        device: Such as ``"cpu"``; empty for a scalar of Python.
        values: A read-only copy in the nearest NumPy type.
        scalar: Whether it came as a Python or NumPy scalar (or a list of them), whose type
            says nothing about the precision that it was computed with.
    """

    dtype: str
    shape: tuple[int, ...]
    device: str
    values: npt.NDArray[Any]
    scalar: bool = False


@dataclass(frozen=True, eq=False)
class FrozenValue:
    """Something immutable that is equal or not: an integer, a string, None, a date.

    Attributes:
        type_name: Such as ``"int"``.
        value: The object itself.
    """

    type_name: str
    value: object


@dataclass(frozen=True, eq=False)
class FrozenContainer:
    """Anything that holds other values.

    Attributes:
        type_name: Such as ``"dict"``.
        items: What leads to each value in the user's words (``"[0]"``, ``"['a']"``,
            ``".grad"``), and its copy.
    """

    type_name: str
    items: tuple[tuple[str, Frozen], ...]


@dataclass(frozen=True, eq=False)
class FrozenCycle:
    """A container that is met again inside itself.

    Attributes:
        levels: How many containers up it is.
    """

    levels: int


@dataclass(frozen=True, eq=False)
class FrozenOpaque:
    """Something that is known by its type only.

    Attributes:
        type_name: Such as ``"Adam"``.
    """

    type_name: str


Frozen = FrozenArray | FrozenValue | FrozenContainer | FrozenCycle | FrozenOpaque


def freeze(value: object, frameworks: Sequence[ArrayReader]) -> Frozen:
    """Copy a value and all that it holds.

    Args:
        value: Anything. The keys of a dict at the top are taken as the user's own names.
        frameworks: Who can read arrays; NumPy's own need none.
    """
    from dlmagic.cell.freezing import Freezer

    return Freezer(frameworks).freeze(value)


def frozen_numbers(view: ArrayView, *, scalar: bool = False) -> FrozenArray:
    """A read-only copy of an array, in row order so that it can be read piece by piece."""
    values = np.array(view.values, copy=True, order="C")
    values.flags.writeable = False
    return FrozenArray(view.dtype, tuple(view.shape), view.device, values, scalar)


def described(value: Frozen) -> str:
    """What a value is, in a few words.

    >>> described(FrozenOpaque("Adam"))
    'Adam'
    """
    match value:
        case FrozenArray(scalar=True, shape=()):
            return value.dtype
        case FrozenArray():
            return f"{value.dtype} array of shape {value.shape}"
        case FrozenCycle():
            return "a container of itself"
        case FrozenValue(value=None):
            return "None"
        case _:
            return value.type_name
