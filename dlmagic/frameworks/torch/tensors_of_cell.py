"""A cell as a function of tensors alone, for compilers that take and return nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from dlmagic.frameworks.protocol import CellLike
from dlmagic.frameworks.torch import _compat as compat

_COMPUTED = (Tensor, torch.SymInt, torch.SymFloat, torch.SymBool)
"""What a graph can return: tensors, and numbers that depend on them."""


@dataclass
class TensorsOfCell:
    """What of a cell's arguments and results are tensors.

    Attributes:
        cell: The cell.
        arguments: The values of its parameters when it was compiled.
        fixed: What the cell returns that is no tensor, by its place: it never changes.
    """

    cell: CellLike
    arguments: Mapping[str, object]
    fixed: dict[int, object] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that are tensors: the inputs."""
        return tuple(n for n in self.cell.parameters if isinstance(self.arguments[n], Tensor))

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Their values."""
        return tuple(each for n in self.names if isinstance(each := self.arguments[n], Tensor))

    def body(self, *values: Tensor) -> tuple[object, ...]:
        """The cell with other values for its inputs; what it returns that the graph computes."""
        given = {**self.arguments, **dict(zip(self.names, values, strict=True))}
        returned = self.cell.function(*(given[name] for name in self.cell.parameters))
        self.fixed = {k: each for k, each in enumerate(returned) if not isinstance(each, _COMPUTED)}
        return tuple(each for each in returned if isinstance(each, _COMPUTED))

    @property
    def holds_tensors_elsewhere(self) -> bool:
        """Whether it returns tensors inside a container, which would never change."""
        leaves = compat.pytree.tree_leaves(list(self.fixed.values()))
        return any(isinstance(leaf, Tensor) for leaf in leaves)

    def called_with(
        self, compiled: Callable[..., object], arguments: tuple[object, ...]
    ) -> tuple[object, ...]:
        """Call what was compiled as the cell's own function is called."""
        given = dict(zip(self.cell.parameters, arguments, strict=True))
        returned = compiled(*(given[name] for name in self.names))
        made = [returned] if isinstance(returned, Tensor) else list(returned)  # type: ignore[call-overload]
        for place in sorted(self.fixed):
            made.insert(place, self.fixed[place])
        return tuple(made)
