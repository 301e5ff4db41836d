"""PyTorch's compilers, watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from dlmagic.cell.function import CellFunction
from dlmagic.cell.subject import Subject
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.captured import CapturedGraph
from dlmagic.frameworks.gradients import NOTHING, Differentiated, Gradients
from dlmagic.frameworks.protocol import Framework, Prepared
from dlmagic.frameworks.torch import _compat as compat
from dlmagic.frameworks.torch.compiling import prepare_compile, require_compiler
from dlmagic.frameworks.torch.dynamo_records import listening
from dlmagic.frameworks.torch.exported_cell import ExportedCell, export_cell
from dlmagic.frameworks.torch.fx_graphs import DynamoGraph
from dlmagic.frameworks.torch.gradients import gradients_of
from dlmagic.frameworks.torch.script_graphs import read_script
from dlmagic.frameworks.torch.traced_cell import TracedCell, trace_cell
from dlmagic.magics.graphmode.capture import Captured, CompiledCell, Compiler, RunOnce
from dlmagic.magics.graphmode.first_graph import FirstGraph
from dlmagic.magics.graphmode.torch_gradients import PlainlyDifferentiable, leaves_of

_STAGES = (
    ("eager", "capturing (Dynamo)"),
    ("aot_eager", "making the backward graph (AOTAutograd)"),
    ("aot_eager_decomp_partition", "decomposing operations (AOTAutograd)"),
    ("inductor", "generating code (Inductor)"),
)
"""Backends of ``torch.compile``, each of which does one thing more than the one before."""


class DynamoCompiler(PlainlyDifferentiable):
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

    def stages(self) -> Sequence[tuple[str, Compiler]]:
        """Dynamo, AOTAutograd, its decompositions, Inductor; as far as the backend goes."""
        order = [backend for backend, _ in _STAGES]
        last = order.index(self.backend) if self.backend in order else 0
        return [(name, DynamoCompiler(backend)) for backend, name in _STAGES[: last + 1]]

    def differentiated(self, compiled: CompiledCell, subject: Subject) -> Differentiated | Reason:
        """With respect to parameters; where there are none, to the floating-point inputs."""
        leaves, replaced = leaves_of(subject)
        if not leaves:
            return Reason(NOTHING)

        def of_graph() -> Gradients | None:
            graph = self._another(compiled, subject) if replaced else compiled
            returned = graph.run({**subject.arguments, **replaced}, Captured())
            return gradients_of(returned, leaves)

        return Differentiated(lambda: gradients_of(subject.run(replaced), leaves), of_graph)

    def _another(self, compiled: CompiledCell, subject: Subject) -> CompiledCell:
        """The same backend and a cache of its own."""
        compiler = DynamoCompiler(self.backend)
        prepared = compiler.prepare(subject.cell, subject.arguments, subject.run_once)
        return replace(compiled, compiler=compiler, prepared=prepared)

    def _compile(self, module: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Any:
        self._met.append(DynamoGraph(module))
        compile_graph: Callable[..., Any] = torch._dynamo.lookup_backend(self.backend)
        return compile_graph(module, inputs)


@dataclass
class TraceCompiler(PlainlyDifferentiable):
    """``torch.jit.trace`` of the cell's body; of what it calls, where that cannot be taken whole.

    Attributes:
        framework: The adapter.
    """

    framework: Framework
    _traced: TracedCell | None = None
    _first: FirstGraph = field(default_factory=FirstGraph)

    def prepare(
        self, cell: CellFunction, arguments: Mapping[str, object], run_once: RunOnce
    ) -> Prepared:
        """The cell, traced with its present arguments.

        Raises:
            ModeUnavailable: There is nothing in it that can be traced.
        """
        self._traced, self._first = trace_cell(cell, arguments), FirstGraph()
        if self._traced is None:
            return self.framework.prepare("trace", cell, arguments, run_once)
        return Prepared(self._traced, findings=self._traced.findings)

    @contextmanager
    def listening(self, captured: Captured) -> Iterator[None]:
        """Note the graph of the first call."""
        yield
        traced = self._traced
        if traced is not None:
            self._first.note(captured, lambda: _graph_of(traced))


def _graph_of(traced: TracedCell) -> CapturedGraph:
    script, names = traced.script, list(traced.tensors.names)
    return read_script(script.inlined_graph, names, script.code.strip())


@dataclass
class ExportCompiler(PlainlyDifferentiable):
    """``torch.export`` of the cell's body."""

    _exported: ExportedCell | None = None
    _first: FirstGraph = field(default_factory=FirstGraph)

    def prepare(
        self,
        cell: CellFunction,
        arguments: Mapping[str, object],
        run_once: RunOnce,  # noqa: ARG002 - other compilers must see a run first
    ) -> Prepared:
        """The cell, exported with its present arguments.

        Raises:
            ModeUnavailable: It reads or returns no tensor.
            Exception: What PyTorch raises where the cell cannot be one graph.
        """
        self._exported, self._first = export_cell(cell, arguments), FirstGraph()
        return Prepared(self._exported)

    @contextmanager
    def listening(self, captured: Captured) -> Iterator[None]:
        """Note the graph of the first call."""
        yield
        exported = self._exported
        if exported is not None:
            names = exported.tensors.names
            self._first.note(captured, lambda: DynamoGraph(exported.module).read(names))
