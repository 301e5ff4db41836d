"""Saving NumPy's values in place: same array, same memory, same generator."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from dlmagic.errors import StateError
from dlmagic.frameworks.protocol import NUDGE, SavedContents

Array = npt.NDArray[Any]
_PIECE = 1 << 24  # bytes compared at a time: comparing takes as much memory again


class SavedArray(SavedContents):
    """An array: its contents, or those of the array that it is a view of, and its form.

    The contents are copied by :meth:`copy_now`, before the cell runs.

    Args:
        array: The array.
        with_contents: False where its memory is saved by somebody else.
    """

    def __init__(self, array: Array, *, with_contents: bool = True) -> None:
        self.array = array
        self._form = _form_of(array)
        self._writeable = array.flags.writeable
        self._is_view = isinstance(array.base, np.ndarray)
        self.ahead = with_contents and not self._is_view
        self.size = array.nbytes if self.ahead else 0
        self._copy: Array | None = None

    @property
    def has_copy(self) -> bool:
        """Whether the contents have been copied."""
        return self._copy is not None

    def copy_now(self) -> None:
        """Copy the contents, if they are this object's to keep."""
        if self.ahead and self._copy is None:
            self._copy = np.array(self.array, copy=True, subok=False)

    def share(self, earlier: SavedContents) -> None:
        """Use the copy of an earlier snapshot, if the array has not changed since."""
        if isinstance(earlier, SavedArray) and earlier.has_copy and not earlier.changed():
            self._copy = earlier._copy

    def changed(self) -> bool:
        """Whether form or contents differ; NaN equals itself here."""
        if _form_of(self.array) != self._form or self.array.flags.writeable != self._writeable:
            return True
        return self._copy is not None and not _same_contents(self.array, self._copy)

    def restore(self) -> None:
        """Put form and contents back into the same object.

        Raises:
            StateError: The array was resized, and something else looks into its memory.
        """
        if _form_of(self.array) != self._form:
            self._restore_form()
        if self._copy is not None and not _same_contents(self.array, self._copy):
            if not self.array.flags.writeable:
                self.array.flags.writeable = True
            np.copyto(self.array, self._copy, casting="unsafe")
        if self.array.flags.writeable != self._writeable:
            self.array.flags.writeable = self._writeable

    def children(self) -> Iterable[tuple[str, object]]:
        """The array behind a view, the elements of an array of objects, attributes."""
        if self._is_view:
            yield ".base", self.array.base
        elif self.array.dtype.hasobject:
            yield from _objects_in(self.array)
        if type(self.array) is not np.ndarray and hasattr(self.array, "__dict__"):
            yield "", vars(self.array)

    def _restore_form(self) -> None:
        shape, strides, dtype = self._form
        with warnings.catch_warnings():  # to set these is deprecated, not to have set them
            warnings.simplefilter("ignore", DeprecationWarning)
            if self.array.dtype != dtype:
                self.array.dtype = dtype  # type: ignore[misc]  # it can be set
            if self.array.size != np.prod(shape, dtype=int):
                self._resize(shape)
            if self.array.shape != shape:
                self.array.shape = shape
            if self.array.strides != strides:
                self.array.strides = strides

    def _resize(self, shape: tuple[int, ...]) -> None:
        try:
            self.array.resize(shape, refcheck=False)
        except ValueError as error:
            raise StateError(f"An array could not get back its shape {shape}: {error}.") from error


class SavedState:
    """A state that is read and set as a whole: a random generator, a global setting."""

    def __init__(
        self, read: Callable[[], Any], write: Callable[[Any], object], *, random: bool = False
    ) -> None:
        self._read = read
        self._write = write
        self._random = random
        self._state = read()

    def changed(self) -> bool:
        """Whether the state differs."""
        return not _equal(self._read(), self._state)

    def drawn(self) -> bool:
        """Whether this is a generator that has advanced."""
        return self._random and self.changed()

    def restore(self) -> None:
        """Set the saved state, if it differs."""
        if self.changed():
            self._write(self._state)

    def children(self) -> Iterable[tuple[str, object]]:
        """A state is a leaf."""
        return ()


def save_numpy(value: object) -> SavedArray | SavedState | None:
    """The state of an array or a random generator of NumPy; None for anything else."""
    if isinstance(value, np.ndarray):
        return SavedArray(value)
    if isinstance(value, np.random.Generator):
        return _saved_bits(value.bit_generator)
    if isinstance(value, np.random.BitGenerator):
        return _saved_bits(value)
    if isinstance(value, np.random.RandomState):
        return SavedState(lambda: value.get_state(legacy=False), value.set_state, random=True)
    return None


def nudge(array: Array, numbers: np.random.Generator) -> None:
    """Move floating-point values by a few rounding errors of their type; zeros stay zeros."""
    if array.flags.writeable:
        steps = numbers.uniform(-1, 1, array.shape)
        array *= (1 + NUDGE * np.finfo(array.dtype).eps * steps).astype(array.dtype)


def _saved_bits(bits: np.random.BitGenerator) -> SavedState:
    """A generator has no state but that of the bit generator behind it."""

    def write(state: Any) -> None:
        bits.state = state

    return SavedState(lambda: bits.state, write, random=True)


def _form_of(array: Array) -> tuple[tuple[int, ...], tuple[int, ...], np.dtype[Any]]:
    return array.shape, array.strides, array.dtype


def _objects_in(array: Array) -> Iterable[tuple[str, object]]:
    """The elements of an array of objects, or of those fields of a structured one."""
    if array.dtype.names is None:
        yield from ((f"[{index}]", item) for index, item in enumerate(array.flat))
        return
    for field in array.dtype.names:
        if array.dtype[field].hasobject:
            yield from ((f"[{field!r}]{rest}", item) for rest, item in _objects_in(array[field]))


def _same_contents(array: Array, copy: Array) -> bool:
    """Bit for bit; objects by identity."""
    if array.dtype.kind == "O":
        return all(a is b for a, b in zip(array.flat, copy.flat, strict=True))
    if array.dtype.hasobject:
        return False
    left, right = (_bytes_of(item) for item in (array, copy))
    pieces = range(0, left.size, _PIECE)
    return left.size == right.size and all(
        np.array_equal(left[start : start + _PIECE], right[start : start + _PIECE])
        for start in pieces
    )


def _bytes_of(array: Array) -> Array:
    return np.ascontiguousarray(array).view(np.ndarray).reshape(-1).view(np.uint8)


def _equal(left: Any, right: Any) -> bool:
    """Nested states that may hold arrays, whose ``==`` gives an array."""
    if isinstance(left, np.ndarray):
        return bool(np.array_equal(left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_equal(left[k], right[k]) for k in left)
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(_equal, left, right))
    if hasattr(left, "prec"):
        return repr(left) == repr(right)  # a decimal context compares by identity
    return bool(left == right)
