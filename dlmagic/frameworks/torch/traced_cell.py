"""The body of a cell through ``torch.jit.trace``, where it can be taken whole."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from dlmagic.finding import Finding
from dlmagic.frameworks.protocol import CellLike
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.trace_warnings import findings_from


@dataclass
class TracedCell:
    """A traced cell, called like the cell's own function.

    Attributes:
        names: The parameters that are tensors, the inputs of the graph.
        parameters: All parameters of the cell.
        script: What was traced.
        fixed: What the cell returns that is no tensor, by its place: it never changes.
        findings: What tracing may have got wrong.
    """

    names: tuple[str, ...]
    parameters: tuple[str, ...]
    script: Any
    fixed: Mapping[int, object]
    findings: tuple[Finding, ...]

    def __call__(self, *arguments: object) -> tuple[object, ...]:
        """Run the graph; what is no tensor comes out as it was when the cell was traced."""
        given = dict(zip(self.parameters, arguments, strict=True))
        returned = self.script(*(given[name] for name in self.names))
        tensors = [returned] if isinstance(returned, Tensor) else list(returned)
        for place in sorted(self.fixed):
            tensors.insert(place, self.fixed[place])
        return tuple(tensors)


def trace_cell(cell: CellLike, arguments: Mapping[str, object]) -> TracedCell | None:
    """Trace the cell as a function of the tensors that it reads.

    The cell runs once for it, which may change state.

    Returns:
        None where it cannot be taken whole: it reads or returns no tensor, or something in it,
        such as a module with parameters that are trained, must be an input.
    """
    names = tuple(name for name in cell.parameters if isinstance(arguments[name], Tensor))
    fixed: dict[int, object] = {}

    def body(*values: Tensor) -> tuple[Tensor, ...]:
        given = {**arguments, **dict(zip(names, values, strict=True))}
        returned = cell.function(*(given[name] for name in cell.parameters))
        fixed.update({k: each for k, each in enumerate(returned) if not isinstance(each, Tensor)})
        return tuple(each for each in returned if isinstance(each, Tensor))

    if not names:
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            inputs = tuple(arguments[name] for name in names)
            script = torch.jit.trace(body, inputs, check_trace=False)
        except RuntimeError:
            return None
    if any(isinstance(leaf, Tensor) for leaf in compat.pytree.tree_leaves(list(fixed.values()))):
        return None  # tensors inside a container would never change
    return TracedCell(
        names, cell.parameters, script, fixed, tuple(findings_from(caught, "the cell"))
    )
