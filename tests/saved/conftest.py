"""The notebooks, each executed once for all tests, whichever processes they run in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from filelock import FileLock

from tests.devices.conftest import libraries
from tests.devices.double.boards import GIB, Board, Process
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine
from tests.saved.made import Saved, execute, saved_in
from tests.saved.programs import FRAMEWORKS, GPUS, Cell

__all__ = ["libraries"]

Notebook = tuple[Any, list[Saved]]
Executed = Callable[[str, Sequence[Cell], Mapping[str, str]], Notebook]


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Executed:
    """Executes cells in a folder of this name, unless that has been done."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def executed(name: str, cells: Sequence[Cell], environment: Mapping[str, str]) -> Notebook:
        folder = shared / f"saved-{name}"
        with FileLock(folder.with_suffix(".lock")):
            if not (folder / "executed.ipynb").exists():
                folder.mkdir(exist_ok=True)
                made = execute(cells, folder, {"OMP_NUM_THREADS": "1", **environment})
                nbformat.write(made, folder / "executed.ipynb")
        return saved_in(folder, cells)

    return executed


@pytest.fixture(scope="session")
def on_frameworks(executed: Executed) -> Notebook:
    """The notebook with PyTorch."""
    return executed("frameworks", FRAMEWORKS, {})


@pytest.fixture(scope="session")
def on_gpus(
    executed: Executed, libraries: Libraries, tmp_path_factory: pytest.TempPathFactory
) -> Notebook:
    """The notebook on a machine with eight GPUs, one of which is in use."""
    folder = tmp_path_factory.mktemp("machine")
    machine = Machine(folder, [Board(used=30 * GIB, utilization=90), *[Board()] * 7])
    machine.enter(0, Process(pid=4_000_000, memory=20 * GIB))
    found = machine.environment(libraries.of("580"))
    names = ("FAKE_NVML", "LD_LIBRARY_PATH")
    environment = {"DLMAGIC_LEASES": str(folder / "leases"), **{n: found[n] for n in names}}
    try:
        return executed("gpus", GPUS, environment)
    finally:
        machine.close()


@pytest.fixture(scope="session")
def results(on_frameworks: Notebook, on_gpus: Notebook) -> list[Saved]:
    """All results of both."""
    return [*on_frameworks[1], *on_gpus[1]]


@pytest.fixture(scope="session")
def notebooks(on_frameworks: Notebook, on_gpus: Notebook) -> list[Any]:
    """Both notebooks with their outputs."""
    return [on_frameworks[0], on_gpus[0]]


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for files of the tests."""
    return tmp_path_factory.mktemp("scratch")
