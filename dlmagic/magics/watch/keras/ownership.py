"""Whose each variable is, also of layers that are built later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlmagic.magics.watch.keras.layers import Found


class Ownership:
    """Layer and name of each variable of a model.

    Args:
        found: The model's layers.
    """

    def __init__(self, found: Found) -> None:
        self._found = found
        self._foreign: set[int] = set()
        self.owners = found.owners()

    def has_any(self, variables: Sequence[Any]) -> bool:
        """Whether any of these is the model's."""
        ids = {id(each) for each in variables}
        if not ids <= self.owners.keys() | self._foreign:
            self.owners = self._found.owners()
            self._foreign = ids - self.owners.keys()
        return not ids.isdisjoint(self.owners.keys())
