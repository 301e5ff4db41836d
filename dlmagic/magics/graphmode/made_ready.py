"""The one way in which a cell is made ready to run in a mode."""

from __future__ import annotations

from collections.abc import Mapping

from dlmagic.cell.output import unheard
from dlmagic.cell.subject import Subject
from dlmagic.frameworks.protocol import Framework
from dlmagic.magics.graphmode.capture import CompiledCell, Compiler
from dlmagic.magics.graphmode.effects import recording
from dlmagic.magics.graphmode.inspection import Inspection


def made_ready(
    subject: Subject, compiler: Compiler, framework: Framework, inspection: Inspection
) -> CompiledCell:
    """The cell as the compiler prepares it; runs that this takes count, and are taken back.

    Raises:
        ModeUnavailable: This machine or this cell cannot run the mode at all.
        Exception: What a compiler raises when it looks at the cell.
    """
    filename = subject.cell.source.filename
    with unheard(inspection.output), recording(filename, heard=False) as effects:

        def run_once(replaced: Mapping[str, object]) -> object:
            inspection.runs += 1
            with effects.not_noted():
                return subject.run_once(replaced)

        try:
            prepared = compiler.prepare(subject.cell, subject.arguments, run_once)
        finally:
            subject.snapshot.restore()
    return CompiledCell(subject.cell, compiler, prepared, framework, effects)
