"""The notebook about clusters, executed as a reader does: with two engines of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

CLUSTER = Path(__file__).parents[2] / "demo_notebooks" / "cluster.ipynb"
PROMISED = {
    "-o together": ("eager takes", "2 ranks on 1 host together", "efficiency"),
    "-o alone": ("eager takes",),
    "%unwatch model": ("160 steps of `model` on 2 ranks, 5 layers", "it was unwatched"),
    "first == second": ("True",),
    "view.apply_sync(lambda: rank)": ("[0, 1]",),
}


@pytest.fixture(scope="module")
def notebook(execute: Callable[[Path], Any]) -> Any:
    return execute(CLUSTER)


def cell_with(notebook: Any, code: str) -> Any:
    (cell,) = [each for each in notebook.cells if each.cell_type == "code" and code in each.source]
    return cell


@pytest.mark.parametrize("code", PROMISED)
def test_each_cell_says_what_the_text_promises(notebook: Any, code: str) -> None:
    outputs = cell_with(notebook, code).outputs
    results = [each for each in outputs if each.output_type == "execute_result"]
    found = " ".join(results[0].data["text/plain"].split())
    for words in PROMISED[code]:
        assert words in found


def test_the_rank_in_trouble_is_named_above_its_own_traceback(notebook: Any) -> None:
    outputs = cell_with(notebook, "rank == 0 else").outputs
    (error,) = [each for each in outputs if each.output_type == "error"]
    assert error.ename == "RankError"
    assert error.evalue.startswith("Rank 1 of 2 on ")
    assert "IndexError" in "".join(error.traceback)


def test_what_is_saved_is_small_and_shows_no_progress(notebook: Any) -> None:
    nbformat.validate(notebook)
    assert len(json.dumps(notebook)) < 1_000_000
    shown = json.dumps([each.get("outputs") for each in notebook.cells])
    assert "%px:" not in shown
