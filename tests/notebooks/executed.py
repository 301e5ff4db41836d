"""Notebooks, each executed once for all tests: compiling takes most of the time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from filelock import FileLock

from demo_notebooks.run import run
from tests.notebooks.prepared import GRAPHMODE, QUICKSTART, prepared


@pytest.fixture(scope="session")
def execute(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[Path], Any]:
    """Executes the notebook in a file as the tests want it, unless that has been done."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def execute(path: Path) -> Any:
        executed = shared / f"executed-{path.name}"
        with FileLock(executed.with_suffix(".lock")), pytest.MonkeyPatch.context() as patch:
            if not executed.exists():
                patch.setenv("OMP_NUM_THREADS", "1")  # which a busy machine disturbs less
                copy = tmp_path_factory.mktemp(path.stem) / path.name
                nbformat.write(prepared(path), copy)
                nbformat.write(run(copy), executed)
            return nbformat.read(executed, as_version=4)

    return execute


@pytest.fixture(scope="session")
def executed_quickstart(execute: Callable[[Path], Any]) -> Any:
    """The shortened quickstart with its outputs."""
    return execute(QUICKSTART)


@pytest.fixture(scope="session")
def executed_graphmode(execute: Callable[[Path], Any]) -> Any:
    """The notebook about graphs with its outputs."""
    return execute(GRAPHMODE)
