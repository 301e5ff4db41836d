"""The body of a cell through ``torch.export``: one graph or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dlmagic.errors import ModeUnavailable
from dlmagic.frameworks.protocol import CellLike
from dlmagic.frameworks.torch.exported_lines import with_lines
from dlmagic.frameworks.torch.tensors_of_cell import TensorsOfCell


@dataclass(frozen=True)
class ExportedCell:
    """An exported cell, called like the cell's own function.

    Attributes:
        tensors: Its inputs, and what it returns besides tensors.
        module: The graph, which runs.
    """

    tensors: TensorsOfCell
    module: Any

    def __call__(self, *arguments: object) -> tuple[object, ...]:
        """Run the graph; what is no tensor comes out as it was when the cell was exported."""
        return self.tensors.called_with(self.module, arguments)


class _CellModule(nn.Module):
    """The cell as a module; modules that it reads are its parts, so that they are its own."""

    def __init__(self, tensors: TensorsOfCell) -> None:
        super().__init__()
        self._tensors = tensors
        for name, value in tensors.arguments.items():
            if isinstance(value, nn.Module):
                self.add_module(name, value)

    def forward(self, *values: Tensor) -> tuple[object, ...]:
        with with_lines(TensorsOfCell.body.__code__):
            return self._tensors.body(*values)


def export_cell(cell: CellLike, arguments: Mapping[str, object]) -> ExportedCell:
    """Export the cell as a function of the tensors that it reads.

    Raises:
        ModeUnavailable: It reads no tensor.
        Exception: What PyTorch raises where the cell cannot be one graph.
    """
    tensors = TensorsOfCell(cell, arguments)
    if not tensors.names:
        raise ModeUnavailable("torch.export needs a tensor to begin with; the cell reads none.")
    program = torch.export.export(_CellModule(tensors), tensors.inputs, strict=False)
    return ExportedCell(tensors, program.module())
