"""PyTorch's compilers, watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from dlmagic.cell.function import CellFunction
from dlmagic.frameworks.protocol import Prepared
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.compiling import prepare_compile, require_compiler
from dlmagic.frameworks.torch.dynamo_records import listening
from dlmagic.frameworks.torch.fx_graphs import DynamoGraph
from dlmagic.magics.graphmode.capture import Captured, RunOnce


class DynamoCompiler:
    """``torch.compile`` around the cell: every graph is looked at on its way to the backend.

    Args:
        backend: The name of the backend that compiles the graphs.
    """

    def __init__(self, backend: str = "inductor") -> None:
        self.backend = backend
        self._met: list[DynamoGraph] = []

    def prepare(
        self,
        cell: CellFunction,
        arguments: Mapping[str, object],
        run_once: RunOnce,  # noqa: ARG002 - other compilers must see a run first
    ) -> Prepared:
        """The cell through ``torch.compile``, compiled at its first call.

        Raises:
            ModeUnavailable: Inductor finds no C++ compiler.
        """
        require_compiler(self.backend)
        return prepare_compile(cell, arguments, None, self._compile)

    @contextmanager
    def listening(self, captured: Captured) -> Iterator[None]:
        """Note breaks, recompilations and graphs."""
        self._met = []
        with listening() as records, compat.random_numbers_of_eager():
            try:
                yield
            finally:
                captured.breaks += records.breaks
                captured.recompilations += records.recompilations
                captured.complete = captured.complete and records.complete
                captured.graphs += [graph.read() for graph in self._met]
                self._met = []

    def _compile(self, module: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Any:
        self._met.append(DynamoGraph(module))
        compile_graph: Callable[..., Any] = torch._dynamo.lookup_backend(self.backend)
        return compile_graph(module, inputs)
