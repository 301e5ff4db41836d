"""The notebook about graphs, executed as a reader does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

GRAPHMODE = Path(__file__).parents[2] / "demo_notebooks" / "graphmode.ipynb"
VERDICTS = {
    "state = network": "1 graph, no breaks, no recompiles; values agree, gradients agree.",
    "still = until": "graphs, 1 break",
    "scaled = sequence * 2": "2 graphs, 1 break at line 3 (fix verified)",
    "total = sequence": "2 graphs, 2 breaks at lines 3 (fix verified) and 4 (fix verified)",
    "power = sequence": "1 recompile",
    "f = a * (a + b)": "f comes from 2 leaves by 2 steps",
    "target = network": "detach() cuts the graph",
}


@pytest.fixture(scope="module")
def notebook(execute: Callable[[Path], Any]) -> Any:
    return execute(GRAPHMODE)


def shown(notebook: Any, code: str) -> str:
    (cell,) = [c for c in notebook.cells if c.source.startswith("%%") and code in c.source]
    assert {each.output_type for each in cell.outputs} <= {"execute_result", "stream"}
    results = [each for each in cell.outputs if each.output_type == "execute_result"]
    return " ".join(results[0].data["text/plain"].split())


@pytest.mark.parametrize("code", VERDICTS)
def test_each_cell_says_what_the_text_promises(notebook: Any, code: str) -> None:
    assert VERDICTS[code] in shown(notebook, code)


def test_no_progress_or_widget_state_is_saved(notebook: Any) -> None:
    assert "widgets" not in notebook.metadata
    nbformat.validate(notebook)
