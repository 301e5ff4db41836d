"""Notebooks, each executed once for all tests: compiling takes most of the time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from filelock import FileLock
from nbformat.v4 import new_code_cell

from demo_notebooks.run import run

QUICKSTART = Path(__file__).parents[2] / "demo_notebooks" / "quickstart.ipynb"


@pytest.fixture(scope="session")
def execute(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[Path], Any]:
    """Executes the notebook in a file, unless one of that name has been."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def execute(path: Path) -> Any:
        executed = shared / f"executed-{path.name}"
        with FileLock(executed.with_suffix(".lock")), pytest.MonkeyPatch.context() as patch:
            if not executed.exists():
                patch.setenv("OMP_NUM_THREADS", "1")  # which a busy machine disturbs less
                nbformat.write(run(path), executed)
            return nbformat.read(executed, as_version=4)

    return execute


def shortened_quickstart() -> Any:
    """A copy that measures for a second instead of five, its longest cell for five of 15."""
    notebook = nbformat.read(QUICKSTART, as_version=4)
    load = next(k for k, cell in enumerate(notebook.cells) if "%load_ext" in cell.source)
    notebook.cells.insert(load + 1, new_code_cell("%config DLMagic.bench_time = 1"))
    for cell in notebook.cells:
        cell.source = cell.source.replace("--time 15", "--time 5")
    return notebook


@pytest.fixture(scope="session")
def executed_quickstart(
    execute: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """The shortened quickstart with its outputs."""
    copy = tmp_path_factory.mktemp("quickstart") / QUICKSTART.name
    nbformat.write(shortened_quickstart(), copy)
    return execute(copy)
