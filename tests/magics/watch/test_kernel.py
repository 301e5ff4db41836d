"""Interrupts and shown results in a real kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shell.kernels import Kernel, started_kernel

SET_UP = """
%load_ext dlmagic
import time
from tests.magics.watch.conftest import Training
training = Training()
net = training.net
def train(pause):
    for number in range(100_000):
        training.step()
        if number == 3:
            print("trains", flush=True)
        time.sleep(pause)
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with started_kernel() as kernel:
        assert kernel.run(SET_UP)["status"] == "ok", kernel.text("error")
        yield kernel


@pytest.fixture
def watching(kernel: Kernel) -> Kernel:
    """The kernel while its model is watched, whichever tests ran before."""
    assert kernel.run("%watch net -q -o session")["status"] == "ok", kernel.text("error")
    return kernel


def test_an_interrupted_cell_ends_well_with_its_result(kernel: Kernel) -> None:
    reply = kernel.run("%%watch net\ntrain(0.01)", interrupt_at="trains", after=0.1)
    assert reply["status"] == "ok", kernel.text("error")
    shown = " ".join(kernel.text("execute_result").split())
    assert "the training was stopped" in shown
    assert "it was interrupted" in shown


def test_under_watch_an_ordinary_cell_is_interrupted_between_two_steps(watching: Kernel) -> None:
    reply = watching.run("train(0.01)", interrupt_at="trains", after=0.1)
    assert (reply["status"], reply["ename"]) == ("error", "TrainingStopped")
    assert reply["evalue"].endswith("it was interrupted.")
    assert reply["traceback"] == [reply["evalue"]]
    assert watching.run("session.running, number if 'number' in dir() else None")["status"] == "ok"


def test_so_is_the_very_cell_in_which_watching_begins(kernel: Kernel) -> None:
    kernel.run("%unwatch -q\nimport dlmagic, signal")
    reply = kernel.run("dlmagic.watch(net)\ntrain(0.01)", interrupt_at="trains", after=0.1)
    assert (reply["status"], reply["ename"]) == ("error", "TrainingStopped")
    kernel.run("%unwatch -q")
    kernel.run("signal.getsignal(signal.SIGINT) is signal.default_int_handler")
    assert kernel.text("execute_result") == "True"


def test_the_idiom_for_interrupts_still_works(watching: Kernel) -> None:
    cell = "try:\n    train(0.01)\nexcept KeyboardInterrupt:\n    print('saved')"
    assert watching.run(cell, interrupt_at="trains", after=0.1)["status"] == "ok"
    assert "saved" in watching.text("stream")


def test_a_cell_that_does_not_train_is_interrupted_at_once(watching: Kernel) -> None:
    cell = "print('sleeps', flush=True)\ntime.sleep(30)"
    reply = watching.run(cell, interrupt_at="sleeps", after=0.1)
    assert reply["ename"] == "KeyboardInterrupt"
    assert "dlmagic" not in "".join(reply["traceback"])


def test_a_step_that_does_not_end_is_interrupted_soon(watching: Kernel) -> None:
    cell = "training.step()\nprint('sleeps', flush=True)\ntime.sleep(50)"
    reply = watching.run(cell, interrupt_at="sleeps", after=0.1)
    assert reply["ename"] == "KeyboardInterrupt"


def test_nothing_is_left_in_the_process(watching: Kernel) -> None:
    assert watching.run("%unwatch -q")["status"] == "ok"
    watching.run("import threading; [t.name for t in threading.enumerate() if 'dlmagic' in t.name]")
    assert watching.text("execute_result") == "[]"
