"""The notebook about watching, executed as a reader does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

WATCH = Path(__file__).parents[2] / "demo_notebooks" / "watch.ipynb"
VERDICTS = {
    "train(deep": ("One thing is wrong in 116 steps of `deep`", "gradient of weight in 0"),
    "%%watch cured --loss": ("Nothing wrong in 116 steps of `cured`, 15 layers",),
    "--stop-on nan": ("before the weights changed", "log_probabilities (LogOfSoftmax)"),
    "isfinite": ("True",),
    "%%watch cured --every 5\n": ("29 steps of `cured`",),
    "== before": ("True",),
    "-o wrong": ("has all but vanished: its root mean square is 0",),
    "-o right": ("Nothing wrong in 58 steps of `clipping`",),
    "%%watch small": ("in the 6 of 29 steps of `small` that were measured, 2 layers",),
    "%unwatch cured": ("29 steps of `cured` that were measured, 8 layers", "it was unwatched"),
}


@pytest.fixture(scope="module")
def notebook(execute: Callable[[Path], Any]) -> Any:
    return execute(WATCH)


def shown(notebook: Any, code: str) -> str:
    (cell,) = [c for c in notebook.cells if c.cell_type == "code" and code in c.source]
    results = [each for each in cell.outputs if each.output_type == "execute_result"]
    return " ".join(results[0].data["text/plain"].split())


@pytest.mark.parametrize("code", VERDICTS)
def test_each_cell_says_what_the_text_promises(notebook: Any, code: str) -> None:
    found = shown(notebook, code)
    for words in VERDICTS[code]:
        assert words in found


def test_what_is_saved_is_small_and_has_no_widget_state(notebook: Any) -> None:
    assert "widgets" not in notebook.metadata
    nbformat.validate(notebook)
    assert len(json.dumps(notebook)) < 1_000_000
