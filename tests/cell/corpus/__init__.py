"""Hand-written cells, by theme."""

from __future__ import annotations

from tests.cell.corpus import (
    arrays,
    assignment,
    control,
    definitions,
    deletion,
    faults,
    helpers,
    imports,
    layout,
    notebook,
    scopes,
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
