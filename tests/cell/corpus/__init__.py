"""Hand-written cells, by theme."""

from __future__ import annotations

from tests.cell.corpus import (
    arrays,
    assignment,
    changes,
    control,
    definitions,
    deletion,
    faults,
    framework_changes,
    helpers,
    imports,
    layout,
    notebook,
    rare_changes,
    scopes,
    training_changes,
)
from tests.cell.corpus.cell import CorpusCell

THEMES = {
    module.__name__.rpartition(".")[2]: module.CELLS
    for module in (
        assignment,
        deletion,
        scopes,
        definitions,
        helpers,
        control,
        faults,
        notebook,
        imports,
        layout,
        arrays,
    )
}
CORPUS: tuple[CorpusCell, ...] = tuple(cell for cells in THEMES.values() for cell in cells)
"""Cells that are run as in a notebook and as a function."""
STATE_CHANGES: tuple[CorpusCell, ...] = (
    *changes.CELLS,
    *rare_changes.CELLS,
    *framework_changes.CELLS,
    *training_changes.CELLS,
)
"""Cells whose changes can be undone, and are kept below every magic."""
