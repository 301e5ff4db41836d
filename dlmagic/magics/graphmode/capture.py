"""A cell compiled in one mode, and what its compiler says while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from dlmagic.cell.function import CellFunction
from dlmagic.frameworks.captured import CapturedGraph, GraphBreak, Recompilation
from dlmagic.frameworks.protocol import Framework, Prepared
from dlmagic.magics.graphmode.effects import Effects
from dlmagic.magics.graphmode.kinds import ValueKind, differences, kind_of

RunOnce = Callable[[Mapping[str, object]], object]


@dataclass
class Captured:
    """What a compiler said during one run, or several.

    Attributes:
        breaks: Where it left a graph.
        recompilations: What it compiled once more.
        graphs: What it made.
        complete: Whether it was understood in full.
    """

    breaks: list[GraphBreak] = field(default_factory=list)
    recompilations: list[Recompilation] = field(default_factory=list)
    graphs: list[CapturedGraph] = field(default_factory=list)
    complete: bool = True

    def repeat(self, known: Captured) -> None:
        """Say once more what was made in an earlier run and is used in this one."""
        self.graphs += known.graphs
        self.breaks += known.breaks
        self.complete = self.complete and known.complete


class Compiler(Protocol):
    """One framework's way to compile a cell and to listen to it."""

    def prepare(
        self, cell: CellFunction, arguments: Mapping[str, object], run_once: RunOnce
    ) -> Prepared:
        """Make the cell ready; see :meth:`dlmagic.frameworks.protocol.Framework.prepare`."""

    def listening(self, captured: Captured) -> AbstractContextManager[None]:
        """While active, what is compiled is noted, also where a run fails."""


@runtime_checkable
class Staged(Protocol):
    """A compiler that works in stages, and can stop after each of them."""

    def stages(self) -> Sequence[tuple[str, Compiler]]:
        """What the user calls each stage, and the compiler that goes so far; in order."""


@runtime_checkable
class LooksAtValues(Protocol):
    """A compiler that has to know what a run of the cell returns.

    Attributes:
        known: What one has returned; None where the compiler must run the cell to see it.
    """

    known: tuple[object, ...] | None


@runtime_checkable
class BindsObjects(Protocol):
    """A compiler whose graphs keep hold of objects that were there when they were made."""

    def binds(self, value: object) -> bool:
        """Whether a graph works on this very object and on no other in its place."""

    def fits(self, values: Sequence[object]) -> bool:
        """Whether all that the graph keeps hold of is still among what the cell reaches."""


@dataclass
class AnyCompiler:
    """The compiler of a framework that tells no more than its counts.

    Attributes:
        framework: The framework.
        mode: The mode's name.
    """

    framework: Framework
    mode: str

    def prepare(
        self, cell: CellFunction, arguments: Mapping[str, object], run_once: RunOnce
    ) -> Prepared:
        """As the framework prepares every cell in this mode."""
        return self.framework.prepare(self.mode, cell, arguments, run_once)

    @contextmanager
    def listening(self, captured: Captured) -> Iterator[None]:
        """Count what the framework's compiler counts."""
        before = dict(self.framework.events())
        try:
            yield
        finally:
            after = self.framework.events()
            again = after.get("recompile", 0) - before.get("recompile", 0)
            captured.recompilations += [Recompilation()] * again


class Runnable(Protocol):
    """What can run in place of a cell.

    Attributes:
        effects: What it said before its first run.
    """

    effects: Effects

    def run(self, arguments: Mapping[str, object], captured: Captured) -> tuple[object, ...]:
        """What the cell's own function returns; see :meth:`CompiledCell.run`."""


@dataclass
class CompiledCell:
    """A cell made ready to run in a mode.

    Attributes:
        cell: The cell that was compiled; a later one of the same text is run through this one.
        compiler: What compiled it.
        prepared: The cell in its mode.
        framework: Whose mode it is.
        effects: What the cell said while it was prepared, before its first run.
        known: What the compiler has said in earlier runs of a cell of this text; it says it once.
    """

    cell: CellFunction
    compiler: Compiler
    prepared: Prepared
    framework: Framework
    effects: Effects = field(default_factory=Effects)
    known: Captured = field(default_factory=Captured)
    _before: dict[str, ValueKind] = field(default_factory=dict)

    def fits(self, values: Sequence[object]) -> bool:
        """Whether it can run a later cell of the same text, which reaches these values."""
        if self.prepared.replacements:
            return False
        return not isinstance(self.compiler, BindsObjects) or self.compiler.fits(values)

    def run(self, arguments: Mapping[str, object], captured: Captured) -> tuple[object, ...]:
        """Call it once and wait for its devices; what the compiler says is added.

        Args:
            arguments: The values of the cell's parameters, by name.
            captured: What it has said so far.
        """
        values = {**arguments, **self.prepared.replacements}
        already = len(captured.recompilations)
        with self.compiler.listening(captured), self.prepared.active():
            returned = self.prepared.function(*(values[name] for name in self.cell.parameters))
            self.framework.synchronise(returned)
        kinds = {name: kind_of(value) for name, value in arguments.items()}
        captured.recompilations[already:] = [
            explained
            for each in captured.recompilations[already:]
            for explained in ([each] if each.reason else differences(self._before, kinds))
        ]
        self._before = kinds
        return returned
