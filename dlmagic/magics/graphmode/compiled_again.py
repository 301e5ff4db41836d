"""A mended cell, compiled for a trial."""

from __future__ import annotations

from collections.abc import Mapping

from dlmagic.cell.output import unheard
from dlmagic.cell.subject import Subject
from dlmagic.magics.graphmode.capture import CompiledCell
from dlmagic.magics.graphmode.graph_run import GraphRun
from dlmagic.magics.graphmode.modes import compiler_of


def compiled_again(graph_run: GraphRun, subject: Subject) -> CompiledCell:
    """A mended cell in its mode."""
    mode = graph_run.mode
    # Whether a graph breaks does not depend on what compiles it, and this takes no time.
    quick = "compile:eager" if mode.startswith("compile") else mode
    compiler = compiler_of(graph_run.framework, quick)

    def run_once(replaced: Mapping[str, object]) -> object:
        graph_run.inspection.runs += 1
        return subject.run_once(replaced)

    with unheard(graph_run.surroundings.output):
        prepared = compiler.prepare(subject.cell, subject.arguments, run_once)
    subject.snapshot.restore()
    return CompiledCell(subject.cell, compiler, prepared, graph_run.framework)
