"""Which parts of a value are handed to a compiled program, and which are built into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from dlmagic.frameworks.jax.leaves import is_input


def is_whole(value: object) -> bool:
    """Whether a value consists of arrays alone, so that ``jax.jit`` takes it as it is."""
    leaves = jax.tree_util.tree_leaves(value)
    return bool(leaves) and all(map(is_input, leaves))


class Mixed:
    """A tree of arrays and of other values.

    Args:
        value: The tree.
    """

    def __init__(self, value: object) -> None:
        self._leaves, self._structure = jax.tree_util.tree_flatten(value)
        self._positions = [i for i, leaf in enumerate(self._leaves) if is_input(leaf)]

    def arrays_of(self, value: object) -> list[Any]:
        """The arrays in it, or in another value of the same form, in order."""
        leaves = jax.tree_util.tree_leaves(value)
        return [leaves[i] for i in self._positions]

    def with_arrays(self, arrays: Sequence[object]) -> Any:
        """The same tree with other arrays in it."""
        leaves = list(self._leaves)
        for position, array in zip(self._positions, arrays, strict=True):
            leaves[position] = array
        return self._structure.unflatten(leaves)
