"""A mended cell, compiled for a trial."""

from __future__ import annotations

from dlmagic.cell.subject import Subject
from dlmagic.magics.graphmode.capture import CompiledCell
from dlmagic.magics.graphmode.effects import Effects
from dlmagic.magics.graphmode.graph_run import GraphRun
from dlmagic.magics.graphmode.made_ready import made_ready
from dlmagic.magics.graphmode.modes import compiler_of


def compiled_again(graph_run: GraphRun, subject: Subject) -> CompiledCell:
    """A mended cell in its mode."""
    mode = graph_run.mode
    # Whether a graph breaks does not depend on what compiles it, and this takes no time.
    quick = "compile:eager" if mode.startswith("compile") else mode
    compiler = compiler_of(graph_run.framework, quick)
    compiled = made_ready(subject, compiler, graph_run.framework, graph_run.inspection)
    compiled.effects = Effects()  # what is said only now would be lost in the second call
    return compiled
