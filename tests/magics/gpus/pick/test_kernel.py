"""``%gpus pick`` in a real kernel: what the notebook keeps, and how an interrupt ends a wait."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.devices.double.boards import Board
from tests.shell.kernels import Kernel, started_kernel


@pytest.fixture
def kernel(machine, libraries, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    """A kernel on a machine with one GPU."""
    played = machine(Board())
    for name, value in played.environment(libraries.of("580")).items():
        monkeypatch.setenv(name, value)
    with started_kernel() as kernel:
        kernel.run("%load_ext dlmagic")
        yield kernel


def test_a_pick_a_wait_and_an_interrupt(kernel: Kernel, machine, notebook) -> None:
    kernel.run("%gpus pick")
    assert "Picked GPU 0" in kernel.text("execute_result")
    assert kernel.run("%gpus pick --wait 1m")["status"] == "ok"  # it has what it wants
    kernel.run("%gpus release")
    assert "Gave GPU 0 back" in kernel.text("execute_result")

    other = notebook(machine(Board()))
    other.run("pick_gpus()")
    reply = kernel.run("%gpus pick")
    assert reply["ename"] == "UsageError"
    assert "The GPU is not free" in reply["evalue"]
    assert "%gpus pick --wait 10m" in reply["evalue"]

    begun = time.monotonic()
    reply = kernel.run("%gpus pick --wait 1m", interrupt_at="Waiting for a GPU", after=0.5)
    assert reply["ename"] == "KeyboardInterrupt"
    assert time.monotonic() - begun < 5
    assert not any("Waiting" in text for _, text in kernel.outputs())
    other.kill()
    kernel.run("%gpus pick\n1")
    kernel.run("import os; print(os.environ['CUDA_VISIBLE_DEVICES'])")
    assert kernel.text("stream") == "0\n"
