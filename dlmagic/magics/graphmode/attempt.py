"""What trials of all kinds of fixes share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dlmagic.cell.function import CellFunction, compile_cell
from dlmagic.cell.snapshot import Snapshot
from dlmagic.cell.source import CellSource, register_text
from dlmagic.magics.graphmode.inspection import Inspection


@contextmanager
def attempt(inspection: Inspection, start: Snapshot) -> Iterator[Inspection]:
    """An inspection of its own from a state that is put back; its runs are part of the report."""
    trial = Inspection(inspection.output, inspection.now)
    start.restore()
    try:
        yield trial
    finally:
        start.restore()
        inspection.runs += trial.runs


def mended_cell(python: str, namespace: dict[str, object]) -> CellFunction:
    """The cell as a fix would have it, defined in a namespace."""
    cell = compile_cell(CellSource(python, python, register_text(python), 0), namespace)
    cell.define()
    return cell
