"""Saving values of JAX: its arrays never change, and its machinery is no state.

One thing can happen to an array all the same: a function that was jitted with
``donate_argnums`` takes its memory and leaves it deleted (see ``donation``).
"""

from __future__ import annotations

from types import FunctionType
from typing import Any
from weakref import WeakValueDictionary

import jax

from dlmagic.errors import StateError
from dlmagic.frameworks.jax import _compat as compat
from dlmagic.frameworks.jax import donation
from dlmagic.frameworks.jax.leaves import Tracer
from dlmagic.frameworks.protocol import Saved, SavedNothing

_OPAQUE = ("jax.", "jaxlib.", "flax.nnx.tracers.", "flax.nnx.graph.")


class Contents:
    """What is known of one array's numbers, shared by all snapshots that it is part of.

    Attributes:
        array: The array.
        copy: A copy of it, where the cell may delete it; else None.
        original: The array's own memory, while other numbers stand in it; else None.
    """

    def __init__(self, array: Any) -> None:
        self.array = array
        self.copy: Any = None
        self.original: Any = None


_contents: WeakValueDictionary[int, Contents] = WeakValueDictionary()


class SavedArray(SavedNothing):
    """An array. Nothing is copied unless the cell may hand its memory over.

    Attributes:
        array: The array; of a random key, the numbers that it is made of.
        is_key: Whether it is a random key.
    """

    def __init__(self, array: Any) -> None:
        self.array = compat.under_key(array)
        self.is_key = self.array is not array
        self._was_deleted = bool(self.array.is_deleted())
        fresh = Contents(self.array)
        self._contents = _contents.setdefault(id(self.array), fresh)

    @property
    def kept(self) -> object:
        """The copy of the array, or None where none was made."""
        return self._contents.copy

    def keep(self) -> None:
        """Copy the numbers, so that they can be put back when the array has been deleted."""
        if self._contents.copy is None and not self.array.is_deleted():
            (self._contents.copy,) = donation.copies([self.array])

    def displace(self, other: Any) -> bool:
        """Let other numbers stand in the same object until :meth:`restore`.

        Returns whether that was possible.
        """
        contents = self._contents
        if contents.original is None:
            contents.original = compat.alias_of(self.array)
        return contents.original is not None and compat.put(self.array, other)

    def changed(self) -> bool:
        """Whether the array has been deleted, or other numbers stand in it for a while."""
        return self._contents.original is not None or self._is_gone()

    def restore(self) -> None:
        """Put the numbers back.

        Raises:
            StateError: The array has been deleted, and nobody expected that.
        """
        contents = self._contents
        if contents.original is not None:
            compat.put(self.array, contents.original)
            contents.original = None
        if not self._is_gone():
            return
        kept = contents.copy
        if kept is None or not compat.put(self.array, donation.copies([kept])[0]):
            raise StateError(
                f"An array of shape {self.array.shape} was deleted (donated), and cannot be "
                "put back."
            )
        donation.note(self.array)

    def _is_gone(self) -> bool:
        return bool(self.array.is_deleted()) and not self._was_deleted


class SavedDonating(SavedNothing):
    """A compiled function that deletes some of the arrays it is called with."""


def save(value: object) -> Saved | None:
    """Arrays, compiled functions, devices, meshes and the like, behind which nothing changes.

    Everything else, modules of Flax and states of optax included, is walked like any object.
    """
    if isinstance(value, FunctionType):
        donation.look_at(value)
        return None
    if isinstance(value, Tracer):
        return SavedNothing()
    if isinstance(value, jax.Array):
        return SavedArray(value)
    if not f"{type(value).__module__}.".startswith(_OPAQUE):
        return None
    inner = getattr(value, "__wrapped__", None)
    inner = inner if donation.is_of_user(inner) else None
    return SavedDonating(inner) if donation.donates(value) else SavedNothing(inner)
