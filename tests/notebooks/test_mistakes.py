"""The tour of the classic mistakes, executed as a reader does: each wrong cell, each right one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell

MISTAKES = Path(__file__).parents[2] / "demo_notebooks" / "mistakes.ipynb"
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
KIND_OF_ERROR = "%explain -q -o explained\nprint(explained.finding.kind)"
KINDS_OF_CELL = "print(*[found.kind for found in seen.findings])"


def probed(notebook: Any) -> Any:
    """With a cell behind each wrong one that prints the kind of mistake which was found."""
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if is_silent(cell):
            cell.source = cell.source.replace("%%tensors", "%%tensors -o seen", 1)
        if "wrong" in tags(cell):
            cells.append(new_code_cell(KINDS_OF_CELL if is_silent(cell) else KIND_OF_ERROR))
    notebook.cells = cells
    return notebook


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def is_silent(cell: Any) -> bool:
    return str(cell.source).startswith("%%tensors")


@pytest.fixture(scope="module")
def cells(execute: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    copy = tmp_path_factory.mktemp("notebooks") / MISTAKES.name
    nbformat.write(probed(nbformat.read(MISTAKES, as_version=4)), copy)
    return [cell for cell in execute(copy).cells if cell.cell_type == "code"]


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


def test_the_notebook_in_the_repository_has_no_outputs() -> None:
    notebook = nbformat.read(MISTAKES, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)
