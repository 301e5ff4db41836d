"""The runner behind `make demo`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

RUNNER = Path(__file__).parents[2] / "demo_notebooks" / "run.py"


def run(tmp_path: Path, *sources: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run a notebook of these cells; those that begin with # are text."""
    cells = [(new_markdown_cell if s.startswith("#") else new_code_cell)(s) for s in sources]
    notebook, page = tmp_path / "demo.ipynb", tmp_path / "build" / "demo.html"
    nbformat.write(new_notebook(cells=cells), notebook)
    command = [sys.executable, RUNNER, notebook, "--html", page]
    return subprocess.run(command, capture_output=True, text=True), page


def test_headings_and_results_are_printed_and_the_page_is_written(tmp_path: Path) -> None:
    done, page = run(tmp_path, "# Sums\nSome text.", "print('one')\n1 + 1", "## Last", "6 * 7")
    assert done.returncode == 0, done.stderr
    blocks = [line for line in done.stdout.splitlines() if line]
    assert blocks[:-1] == ["Sums", "----", "one", "2", "Last", "----", "42"]
    assert str(page) in blocks[-1]
    assert "Sums" in page.read_text(encoding="utf-8")


def test_a_failing_cell_ends_the_run(tmp_path: Path) -> None:
    done, page = run(tmp_path, "print('before')", "1 / 0", "print('after')")
    assert done.returncode == 1
    assert "before" in done.stdout
    assert "after" not in done.stdout
    assert "ZeroDivisionError" in done.stderr
    assert not page.exists()


def test_the_notebook_finds_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("beside")
    done, _ = run(tmp_path, "print(open('data.txt').read())")
    assert "beside" in done.stdout
