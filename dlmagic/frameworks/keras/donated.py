"""Variables on JAX, whose arrays a compiled step destroys as it runs.

Keras gives its whole state away to each step (``donate_argnums``), so what a variable held
before is gone afterwards: a copy is kept, and each restore hands out a fresh copy of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlmagic.frameworks.keras import _compat as compat
from dlmagic.frameworks.keras.variables import SavedVariable
from dlmagic.frameworks.protocol import SavedContents


class SavedDonated(SavedVariable, SavedContents):
    """A variable whose value is an array that cannot change, but can be deleted.

    Args:
        variable: The variable.
    """

    ahead = True

    def __init__(self, variable: Any) -> None:
        super().__init__(variable)
        array: Any = compat.value_of(variable)
        self.size = array.nbytes
        self._array = array
        self._copy: Any = None

    @property
    def has_copy(self) -> bool:
        """Whether the array has been copied."""
        return self._copy is not None

    def copy_now(self) -> None:
        """Copy the array on its device."""
        if self._copy is None:
            self._copy = self._array.copy()

    def share(self, earlier: SavedContents) -> None:
        """Use the copy of an earlier snapshot of the same array."""
        if isinstance(earlier, SavedDonated) and earlier._array is self._array:
            self._copy = earlier._copy

    def children(self) -> Iterable[tuple[str, object]]:
        """The attributes other than the array, which is not the variable's for long."""
        return ((name, value) for name, value in super().children() if value is not self._array)

    def restore(self) -> None:
        """Put the attributes back, with a fresh array where the old one was deleted."""
        if self._array.is_deleted() and self._copy is not None:
            self._array = self._copy.copy()
            compat.set_value_among(self.contents, self._array)
        super().restore()
