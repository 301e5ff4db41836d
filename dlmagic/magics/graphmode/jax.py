"""``jax.jit``, watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from dlmagic.cell.function import CellFunction
from dlmagic.cell.subject import Subject
from dlmagic.devices.reading import Reason
from dlmagic.frameworks.gradients import Differentiated, Gradients
from dlmagic.frameworks.jax.compiling import prepare_program
from dlmagic.frameworks.jax.gradients import differentiated, of_plain_run
from dlmagic.frameworks.jax.jaxprs import read_jaxpr
from dlmagic.frameworks.jax.program import Program
from dlmagic.frameworks.protocol import Framework, Prepared
from dlmagic.magics.graphmode.capture import AnyCompiler, Captured, CompiledCell, RunOnce
from dlmagic.magics.graphmode.first_graph import FirstGraph
from dlmagic.magics.graphmode.gradients_of_fix import Choose


@dataclass
class JaxCompiler:
    """``jax.jit`` around the cell; its jaxpr is the graph.

    Attributes:
        framework: The adapter.
    """

    framework: Framework
    _program: Program | None = None
    _first: FirstGraph = field(default_factory=FirstGraph)

    def prepare(
        self, cell: CellFunction, arguments: Mapping[str, object], run_once: RunOnce
    ) -> Prepared:
        """The cell through ``jax.jit``; traced at once.

        Raises:
            Exception: What JAX raises where the cell cannot be traced.
        """
        prepared, self._program = prepare_program(
            cell, arguments, lambda: run_once({}), self.framework
        )
        self._first = FirstGraph()
        return prepared

    @contextmanager
    def listening(self, captured: Captured) -> Iterator[None]:
        """Note the jaxpr of the first call, and how often JAX compiles again."""
        with AnyCompiler(self.framework, "jit").listening(captured):
            yield
        program = self._program
        if program is not None:
            with suppress(Exception):  # a program that cannot be traced twice has run all the same
                self._first.note(
                    captured, lambda: read_jaxpr(program.jaxpr(), program.input_names())
                )

    def differentiated(self, compiled: CompiledCell, subject: Subject) -> Differentiated | Reason:
        """With respect to all floating-point arrays that the cell reads."""
        assert self._program is not None
        arguments = tuple(subject.arguments[name] for name in compiled.cell.parameters)
        return differentiated(self._program, arguments)

    def plain_gradients(self, subject: Subject, choose: Choose) -> Gradients | None:
        """With respect to the same, of the cell as it is."""
        program = Program(subject.cell, subject.arguments, self.framework)
        arguments = tuple(subject.arguments[name] for name in subject.cell.parameters)
        return of_plain_run(program, arguments, choose)
