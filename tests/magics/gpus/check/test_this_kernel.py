"""What this process has done already, in processes that really did it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dlmagic.devices.cuda.state import CudaState
from dlmagic.magics.gpus.check.engine import check
from tests.devices.double.boards import Board
from tests.magics.gpus.check.world import World

FORKS = """
import ctypes, os
from dlmagic.devices.driver.situation import Situation
Situation.here()  # as the first look of a notebook
assert ctypes.CDLL("libcuda.so.1").cuInit(0) == 0
if os.fork() == 0:
    print(Situation.here().cuda.kind, flush=True)
    os._exit(0)
os.wait()
print(Situation.here().cuda.kind)
"""


@pytest.fixture
def world(tmp_path, libraries):
    world = World(tmp_path, libraries, (Board(), Board()))
    world.install_torch()
    yield world
    world.close()


def test_a_fork_of_a_process_that_started_cuda(world: World) -> None:
    environ = {**world.environ, "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", FORKS]
    found = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["unusable", "initialised"]


def test_a_kernel_that_has_other_gpus_is_told_to_restart(world: World) -> None:
    world.cuda = CudaState("initialised", ("00000000-0000-0000-0000-000000000000",))
    found = check("torch", situation=world.situation())
    assert found["torch"].state == "sees"
    assert "counts after a restart" in found["torch"].remarks[0]
