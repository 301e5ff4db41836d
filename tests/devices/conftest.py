"""GPUs to read: doubles of NVIDIA's libraries, which the real binding loads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pynvml
import pytest

from tests.devices.double.boards import Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine
from tests.devices.double.playing import played_here


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Libraries:
    """The doubles, by generation of the driver."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the doubles of NVIDIA's libraries are made for Linux")
    return Libraries(tmp_path_factory.mktemp("libraries"))


@pytest.fixture
def machine(libraries: Libraries, tmp_path: Path) -> Iterator[Callable[..., Machine]]:
    """Makes the machine that the binding of this process talks to, one per test.

    Who starts the library must end it: that is looked at after the test.
    """
    with ExitStack() as stack:

        def made(*boards: Board, generation: str = "580", **settings: Any) -> Machine:
            made = Machine(tmp_path, boards or (Board(),), generation=generation, **settings)
            stack.callback(made.close)
            stack.enter_context(played_here(made, libraries.of(generation)))
            stack.callback(library_has_ended, made)
            return made

        yield made


def library_has_ended(machine: Machine) -> None:
    machine.mend()
    for thread in threading.enumerate():
        if thread.name == "dlmagic-nvml":
            thread.join(10)  # one that hung, and ends the library now
    left = 0
    while pynvml.nvmlLib.nvmlShutdown() == 0:
        left += 1
    assert left == 0, f"NVML was started {left} times more than it was ended"
