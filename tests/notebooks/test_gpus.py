"""The notebook about devices, executed on a machine without a GPU and on one with two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from demo_notebooks.run import run
from tests.devices.conftest import libraries
from tests.devices.double.boards import GIB, Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine

__all__ = ["libraries"]

NOTEBOOK = Path(__file__).parents[2] / "demo_notebooks" / "gpus.ipynb"


def executed(machine: Machine, libraries: Libraries) -> list[Any]:
    """The code cells after a run beside doubles of NVIDIA's libraries."""
    environment = machine.environment(libraries.of("580"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FAKE_NVML", "LD_LIBRARY_PATH"):
            patch.setenv(name, environment[name])
        cells = [cell for cell in run(NOTEBOOK).cells if cell.cell_type == "code"]
    machine.close()
    return cells


def texts(cell: Any) -> str:
    shown = (each.get("text") or each.data["text/plain"] for each in cell.outputs)
    return " ".join(" ".join(shown).split())


def test_without_a_gpu_it_says_why_and_what_there_is(tmp_path: Path, libraries) -> None:
    machine = Machine(tmp_path, [Board()], count=0)
    _, table, value, check = executed(machine, libraries)
    assert texts(table).startswith("No NVIDIA GPU: ")
    assert all(words in texts(table) for words in ("processor", "cores", "memory"))
    assert "GB of memory left" in texts(value)
    assert check.outputs


def test_with_gpus_it_lists_them(tmp_path: Path, libraries: Libraries) -> None:
    boards = [Board(used=9 * GIB), Board(used=GIB // 100)]
    _, table, value, check = executed(Machine(tmp_path, boards), libraries)
    assert texts(table).startswith("1 of 2 GPUs is free: 1.")
    assert "0 NVIDIA H100 80GB HBM3 not free – 9.7 GB are in use by nobody" in texts(value)
    assert "1 NVIDIA H100 80GB HBM3 free – nobody is on it" in texts(value)
    assert check.outputs
