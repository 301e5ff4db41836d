"""``tf.function``, watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import tensorflow as tf

from dlmagic.cell.function import CellFunction
from dlmagic.cell.subject import Subject
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.gradients import NOTHING, Differentiated, Gradients
from dlmagic.frameworks.protocol import Framework, Prepared
from dlmagic.frameworks.tensorflow.concrete_graphs import read_graph
from dlmagic.frameworks.tensorflow.gradients import (
    Leaves,
    PlainOutputs,
    gradients_of,
    leaves_among,
)
from dlmagic.frameworks.tensorflow.graphs import Graph
from dlmagic.magics.graphmode.capture import AnyCompiler, Captured, CompiledCell, RunOnce
from dlmagic.magics.graphmode.first_graph import FirstGraph
from dlmagic.magics.graphmode.gradients_of_fix import Choose


@dataclass
class TensorFlowCompiler:
    """``tf.function`` around the cell, with XLA or without.

    Attributes:
        framework: The adapter.
        mode: ``"graph"`` or ``"xla"``.
        known: What a run of the cell has returned, where that is known.
    """

    framework: Framework
    mode: str
    known: tuple[object, ...] | None = None
    _graph: Graph | None = None
    _filename: str = ""
    _first: FirstGraph = field(default_factory=FirstGraph)

    def prepare(
        self, cell: CellFunction, arguments: Mapping[str, object], run_once: RunOnce
    ) -> Prepared:
        """The cell through ``tf.function``, traced at its first call.

        Raises:
            ModeUnavailable: The cell cannot be a function with source, which AutoGraph reads.
        """

        def values(replaced: Mapping[str, object]) -> object:
            return run_once(replaced) if self.known is None else self.known

        prepared = self.framework.prepare(self.mode, cell, arguments, values)
        self._graph = prepared.function if isinstance(prepared.function, Graph) else None
        self._filename, self._first = cell.source.filename, FirstGraph()
        return prepared

    @contextmanager
    def listening(self, captured: Captured) -> Iterator[None]:
        """Note the graph of the first call, and how often TensorFlow traces again."""
        with AnyCompiler(self.framework, self.mode).listening(captured):
            yield
        graph = self._graph
        concrete = graph.concrete if graph is not None else None
        if graph is not None and concrete is not None:
            with suppress(Exception):  # a graph of a form that is not known has run all the same
                self._first.note(
                    captured, lambda: read_graph(concrete, graph.input_names(), self._filename)
                )

    def binds(self, value: object) -> bool:
        """Variables, such as those that an optimiser makes in its first step."""
        return isinstance(value, tf.Variable)

    def fits(self, values: Sequence[object]) -> bool:
        """Whether no variable of the graph has been replaced by another, or is gone."""
        known = set(map(id, values))
        try:
            variables = self._graph.concrete.variables if self._graph is not None else ()
        except AssertionError:  # what TensorFlow raises for one that is gone
            return False
        return all(id(variable) in known for variable in variables)

    def differentiated(self, compiled: CompiledCell, subject: Subject) -> Differentiated | Reason:
        """With respect to trainable variables and floating-point tensors that the cell reads."""
        leaves = _leaves_of(subject)
        if not leaves:
            return Reason(NOTHING)
        outputs = PlainOutputs()

        def of_graph() -> tuple[object, ...]:
            return compiled.run(subject.arguments, Captured())

        return Differentiated(
            plain=lambda: gradients_of(subject.run, leaves, outputs.of_plain),
            graph=lambda: gradients_of(of_graph, leaves, outputs.of_graph),
        )

    def plain_gradients(self, subject: Subject, choose: Choose) -> Gradients | None:
        """With respect to the same, of the cell as it is."""
        leaves = _leaves_of(subject)
        return gradients_of(lambda: choose(subject.run()), leaves) if leaves else None


def _leaves_of(subject: Subject) -> Leaves:
    return leaves_among((item.path, item.value) for item in subject.snapshot.reached)
