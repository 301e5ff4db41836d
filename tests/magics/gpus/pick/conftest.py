"""Machines to pick on, with leases of their own, and other notebooks that pick there, too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dlmagic.devices.cuda.state import CudaState
from dlmagic.devices.reading import Reason
from dlmagic.magics.gpus.pick import handle, lateness
from dlmagic.magics.gpus.pick.engine import give_back
from tests.devices.double.boards import Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine
from tests.magics.gpus.pick.notebook import Notebook

_DECIDING = (
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "NVIDIA_VISIBLE_DEVICES",
    "SLURM_JOB_ID",
    "GPU_DEVICE_ORDINAL",
)
NOT_STARTED = CudaState("loaded", Reason("CUDA is not started in this process"))


@pytest.fixture(autouse=True)
def leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of leases; nothing is left taken, and the environment is as it was.

    On a machine with a GPU an earlier test may have started CUDA in this process, which would be
    too late for a pick on a machine that is made up.
    """
    before = {name: os.environ[name] for name in _DECIDING if name in os.environ}
    folder = tmp_path / "leases"
    monkeypatch.setenv("DLMAGIC_LEASES", str(folder))
    if lateness.read_cuda_state().too_late:
        for module in (lateness, handle):
            monkeypatch.setattr(module, "read_cuda_state", lambda: NOT_STARTED)
    for name in _DECIDING:
        monkeypatch.delenv(name, raising=False)
    yield folder
    give_back()
    monkeypatch.undo()
    left = {name: os.environ[name] for name in _DECIDING if name in os.environ}
    assert left == before


@pytest.fixture
def notebook(libraries: Libraries) -> Iterator[Callable[..., Notebook]]:
    """Starts a process on a machine, which runs cells."""
    with ExitStack() as stack:

        def started(machine: Machine, **variables: str) -> Notebook:
            folder = libraries.of("580")
            environment = {**machine.environment(folder), **variables}
            return stack.enter_context(Notebook(environment))

        yield started


@pytest.fixture
def eight(machine: Callable[..., Machine]) -> Machine:
    """A machine with eight GPUs."""
    return machine(*[Board() for _ in range(8)])
