"""What the page about editors says of ruff, asked of ruff itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

SOURCES = ["x  =  1\nimport os", "%%dlbench\ny  =  1\nimport sys", "%load_ext dlmagic\nz  =  y"]


def ruff(*arguments: object) -> str:
    command = [sys.executable, "-m", "ruff", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "notebook.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(each) for each in SOURCES]), path)
    return path


def test_ruff_formats_ordinary_cells_and_passes_by_those_with_our_magics(notebook: Path) -> None:
    ruff("format", "--isolated", notebook)
    sources = [cell.source for cell in nbformat.read(notebook, as_version=4).cells]
    assert sources == ["x = 1\nimport os", SOURCES[1], "%load_ext dlmagic\nz = y"]


def test_ruff_checks_ordinary_cells_and_does_not_know_what_the_others_assign(
    notebook: Path,
) -> None:
    found = ruff("check", "--isolated", "--output-format", "concise", notebook)
    assert "`os` imported but unused" in found
    assert "`sys`" not in found
    assert "Undefined name `y`" in found


def test_ruff_has_no_setting_for_it_yet() -> None:
    """Where this fails, the page and `pyproject.toml` can name the setting."""
    settings = ruff("config") + ruff("config", "lint") + ruff("config", "format")
    assert "line-length" in settings
    assert "magics" not in settings
