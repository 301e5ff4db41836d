"""The whole story, executed as a reader does: what each step finds, and that the cure works."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.prepared import FOLDER, STEPS

STORY = FOLDER / "story.ipynb"
FOUND = {
    "mistakes": [["softmax-before-loss", 4], ["gradients-not-cleared", 6]],
    "mistakes_left": [],
    "watched": [["vanishing-gradient", None]],
    "watched_again": [],
    "cut": [["graph-cut", 2]],
    "whole": [],
    "broken": [["graph-break", 3]],
    "unbroken": [],
}


@pytest.fixture(scope="module")
def notebook(execute: Callable[[Path], Any]) -> Any:
    return execute(STORY)


@pytest.fixture
def probe(notebook: Any) -> dict[str, Any]:
    return dict(json.loads(notebook.cells[-1].outputs[0].text))


def cell_with(notebook: Any, code: str) -> Any:
    (cell,) = [each for each in notebook.cells if each.cell_type == "code" and code in each.source]
    return cell


def shown(cell: Any) -> str:
    rich = (each.get("data", {}).get("text/plain", "") for each in cell.outputs)
    texts = [each.get("text", "") for each in cell.outputs] + list(rich)
    return " ".join(" ".join(texts).split())


def test_without_a_gpu_it_says_so_and_goes_on(notebook: Any) -> None:
    said = shown(cell_with(notebook, "%gpus pick"))
    assert said.startswith(("UsageError: There is nothing to pick. No NVIDIA GPU", "Picked GPU"))


def test_the_cell_that_fails_is_given_the_line_of_the_next_one(notebook: Any) -> None:
    wrong, right = (each for each in notebook.cells if "softmax(dim=1)" in each.source)
    assert "raises-exception" in wrong.metadata.tags
    (said,) = [each for each in wrong.outputs if each.output_type == "display_data"]
    *_, line = (each for each in right.source.splitlines() if "self.hidden(" in each)
    assert "line 8" in said.data["text/plain"]
    assert line.strip() in said.data["text/plain"]


@pytest.mark.parametrize("name", STEPS)
def test_each_step_finds_what_the_text_says(probe: dict[str, Any], name: str) -> None:
    assert probe["found"][name] == FOUND[name]


def test_each_cure_works(probe: dict[str, Any]) -> None:
    at_first, mended, deep, at_last = probe["shares"]
    assert at_first < 0.5
    assert min(mended, deep, at_last) > 0.75
    (start, end), (start_again, end_again) = probe["losses"]
    assert end > 0.9 * start
    assert end_again < 0.5 * start_again


def test_the_fix_of_the_report_is_what_the_next_cell_has(
    notebook: Any, probe: dict[str, Any]
) -> None:
    assert probe["fix"] in cell_with(notebook, "-o unbroken").source.splitlines()


def test_all_is_timed_and_the_conclusion_follows(notebook: Any, probe: dict[str, Any]) -> None:
    names = ["eager", "compile", "loader", "slices"]
    assert probe["arms"] == [[name, "ok"] for name in names]
    conclusion = "compile it" if probe["pays"] else "compiling takes longer than it saves"
    assert shown(cell_with(notebook, "break_even_calls")) == f"'150 steps: {conclusion}'"


def test_only_cells_that_are_meant_to_fail_do(notebook: Any) -> None:
    for cell in notebook.cells:
        kinds = [each.output_type for each in cell.get("outputs", [])]
        assert "error" not in kinds or "raises-exception" in cell.metadata.tags
