"""Notebooks as the tests execute them: without what is stored in them, and some with more cells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell

FOLDER = Path(__file__).parents[2] / "demo_notebooks"
GRAPHMODE = FOLDER / "graphmode.ipynb"
QUICKSTART = FOLDER / "quickstart.ipynb"

KIND_OF_ERROR = "%explain -q -o explained\nprint(explained.finding.kind)"
KINDS_OF_CELL = "print(*[found.kind for found in seen.findings])"

STEPS = (
    *("mistakes", "mistakes_left", "watched", "watched_again"),
    *("cut", "whole", "broken", "unbroken"),
)
"""What the story keeps the results of its steps in."""

STORY_IN_FIGURES = f"""
import json

results = {{name: globals()[name] for name in {STEPS}}}
print(json.dumps({{
    "found": {{name: [[f.kind, f.line] for f in each.findings] for name, each in results.items()}},
    "shares": [at_first, mended, deep_share, at_last],
    "losses": [[each.losses.values[k] for k in (0, -1)] for each in (watched, watched_again)],
    "fix": broken.findings[0].fix.code,
    "arms": [[arm.name, arm.status] for each in (compiling, fetching) for arm in each.arms],
    "pays": pays,
}}))
"""


def prepared(path: Path) -> Any:
    """The notebook in a file, with no outputs, and with the cells that its tests add."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)
    _ADDITIONS.get(path.stem, lambda _: None)(notebook)
    return notebook


def shortened_quickstart() -> Any:
    """A copy that measures for a second instead of five, its longest cell for five of 30."""
    return prepared(QUICKSTART)


def tags(cell: Any) -> list[str]:
    """What is noted of a cell."""
    return list(cell.metadata.get("tags", []))


def is_silent(cell: Any) -> bool:
    """Whether a cell looks for mistakes that raise nothing."""
    return str(cell.source).startswith("%%tensors")


def _shorten(notebook: Any) -> None:
    load = next(k for k, cell in enumerate(notebook.cells) if "%load_ext" in cell.source)
    notebook.cells.insert(load + 1, new_code_cell("%config DLMagic.bench_time = 1"))
    for cell in notebook.cells:
        cell.source = cell.source.replace("--time 30", "--time 5")


def _ask_for_kinds(notebook: Any) -> None:
    """Behind each wrong cell, one that prints the kind of mistake which was found."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if is_silent(cell):
            cell.source = cell.source.replace("%%tensors", "%%tensors -o seen", 1)
        if "wrong" in tags(cell):
            cells.append(new_code_cell(KINDS_OF_CELL if is_silent(cell) else KIND_OF_ERROR))
    notebook.cells = cells


def _ask_for_figures(notebook: Any) -> None:
    notebook.cells.append(new_code_cell(STORY_IN_FIGURES))


_ADDITIONS: dict[str, Callable[[Any], None]] = {
    "quickstart": _shorten,
    "mistakes": _ask_for_kinds,
    "story": _ask_for_figures,
}
"""By the name of the notebook."""
