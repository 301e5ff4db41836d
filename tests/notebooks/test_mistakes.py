"""The tour of the classic mistakes, executed as a reader does: each wrong cell, each right one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks.prepared import FOLDER, is_silent, tags

MISTAKES = FOLDER / "mistakes.ipynb"
KINDS = [
    "matmul-shapes",
    "layer-features",
    "channels",
    "broadcast-shapes",
    "stretched-target",
    "stretched-target",
    "softmax-before-loss",
    "target-dtype",
    "class-targets",
    "gradients-not-cleared",
    "no-gradient",
    "needed-in-place",
    "view-order",
    "device-mismatch",
    "training-in-eval",
    "first-nan",
    "loss-against-output",
    "immutable-array",
    "traced-branch",
    "broadcast-shapes",
]


@pytest.fixture(scope="module")
def cells(execute: Callable[[Path], Any]) -> list[Any]:
    return [cell for cell in execute(MISTAKES).cells if cell.cell_type == "code"]


def test_each_wrong_cell_is_explained_by_its_mistake(cells: list[Any]) -> None:
    probes = [probe for wrong, probe in pairwise(cells) if "wrong" in tags(wrong)]
    assert ["".join(each.text for each in probe.outputs).strip() for probe in probes] == KINDS


def test_wrong_cells_raise_unless_they_are_watched(cells: list[Any]) -> None:
    for cell in cells:
        kinds = [output.output_type for output in cell.outputs]
        assert ("error" in kinds) == ("raises-exception" in tags(cell))
        if "wrong" in tags(cell):
            assert kinds == (["execute_result"] if is_silent(cell) else ["error", "display_data"])


def test_each_right_cell_is_quiet(cells: list[Any]) -> None:
    right = [cell for cell in cells if "right" in tags(cell)]
    assert len(right) == len(KINDS)
    for cell in right:
        assert {output.output_type for output in cell.outputs} <= {"execute_result"}
        texts = [output.data["text/plain"] for output in cell.outputs]
        if is_silent(cell):
            assert texts[0].startswith("No mistake was seen.")
        else:
            assert not any("text/html" in output.data for output in cell.outputs)


def test_a_right_cell_follows_each_wrong_one() -> None:
    notebook = nbformat.read(MISTAKES, as_version=4)
    order = [tag for cell in notebook.cells for tag in tags(cell) if tag in ("wrong", "right")]
    assert order == ["wrong", "right"] * len(KINDS)
