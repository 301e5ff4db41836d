"""A cell as a function of tensors alone, for compilers that take and return nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from dlmagic.frameworks.protocol import CellLike
from dlmagic.frameworks.torch import _compat as compat

_COMPUTED = (Tensor, torch.SymInt, torch.SymFloat, torch.SymBool)
"""What a graph can return: tensors, and numbers that depend on them."""


@dataclass
class TensorsOfCell:
    """What of a cell's arguments and results are tensors, also in lists, tuples and dictionaries.

    Attributes:
        cell: The cell.
        arguments: The values of its parameters when it was compiled.
        fixed: What the cell returns that is no tensor, by its place: it never changes.
        layout: How the cell's results are nested, once it has run.
    """

    cell: CellLike
    arguments: Mapping[str, object]
    fixed: dict[int, object] = field(default_factory=dict)
    layout: Any = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the inputs are called, such as ``"x"`` and ``"images['train']"``."""
        return tuple(
            f"{name}{compat.pytree.keystr(path)}"
            for name in self._holders
            for path, leaf in compat.pytree.tree_flatten_with_path(self.arguments[name])[0]
            if isinstance(leaf, Tensor)
        )

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Their values."""
        return tuple(self._tensors(self.arguments))

    def body(self, *values: Tensor) -> tuple[object, ...]:
        """The cell with other values for its inputs; what it returns that the graph computes."""
        waiting = iter(values)

        def replaced(leaf: object) -> object:
            return next(waiting) if isinstance(leaf, Tensor) else leaf

        given = dict(self.arguments)
        for name in self._holders:
            given[name] = compat.pytree.tree_map(replaced, self.arguments[name])
        returned = self.cell.function(*(given[name] for name in self.cell.parameters))
        leaves, self.layout = compat.pytree.tree_flatten(tuple(map(self._opened, returned)))
        self.fixed = {k: each for k, each in enumerate(leaves) if not isinstance(each, _COMPUTED)}
        return tuple(each for each in leaves if isinstance(each, _COMPUTED))

    def called_with(
        self, compiled: Callable[..., object], arguments: tuple[object, ...]
    ) -> tuple[object, ...]:
        """Call what was compiled as the cell's own function is called."""
        given = dict(zip(self.cell.parameters, arguments, strict=True))
        returned = compiled(*self._tensors(given))
        made = [returned] if isinstance(returned, Tensor) else list(returned)  # type: ignore[call-overload]
        for place in sorted(self.fixed):
            made.insert(place, self.fixed[place])
        nested: tuple[object, ...] = compat.pytree.tree_unflatten(made, self.layout)
        return tuple(each.value if isinstance(each, _Whole) else each for each in nested)

    @property
    def _holders(self) -> list[str]:
        """The parameters that are tensors, or hold some."""
        return [name for name in self.cell.parameters if _holds_tensors(self.arguments[name])]

    def _tensors(self, given: Mapping[str, object]) -> list[Tensor]:
        leaves = [each for n in self._holders for each in compat.pytree.tree_leaves(given[n])]
        return [leaf for leaf in leaves if isinstance(leaf, Tensor)]

    def _opened(self, value: object) -> object:
        """What is returned, closed to flattening where no tensor is in it: it stays one object."""
        return value if _holds_computed(value) else _Whole(value)


@dataclass(frozen=True)
class _Whole:
    """Something that is returned as it is."""

    value: object


def _holds_tensors(value: object) -> bool:
    return any(isinstance(leaf, Tensor) for leaf in compat.pytree.tree_leaves(value))


def _holds_computed(value: object) -> bool:
    return any(isinstance(leaf, _COMPUTED) for leaf in compat.pytree.tree_leaves(value))
