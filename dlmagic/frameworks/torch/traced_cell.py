"""The body of a cell through ``torch.jit.trace``, where it can be taken whole."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from dlmagic.finding import Finding
from dlmagic.frameworks.protocol import CellLike
from dlmagic.frameworks.torch.tensors_of_cell import TensorsOfCell
from dlmagic.frameworks.torch.trace_warnings import findings_from


@dataclass(frozen=True)
class TracedCell:
    """A traced cell, called like the cell's own function.

    Attributes:
        tensors: Its inputs, and what it returns besides tensors.
        script: What was traced.
        findings: What tracing may have got wrong.
    """

    tensors: TensorsOfCell
    script: Any
    findings: tuple[Finding, ...]

    def __call__(self, *arguments: object) -> tuple[object, ...]:
        """Run the graph; what is no tensor comes out as it was when the cell was traced."""
        return self.tensors.called_with(self.script, arguments)


def trace_cell(cell: CellLike, arguments: Mapping[str, object]) -> TracedCell | None:
    """Trace the cell as a function of the tensors that it reads.

    The cell runs once for it, which may change state.

    Returns:
        None where it cannot be taken whole: it reads or returns no tensor, or something in it,
        such as a module with parameters that are trained, must be an input.
    """
    tensors = TensorsOfCell(cell, arguments)
    if not tensors.names:
        return None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            script = torch.jit.trace(tensors.body, tensors.inputs, check_trace=False)
        except RuntimeError:
            return None
    return TracedCell(tensors, script, tuple(findings_from(caught, "the cell")))
