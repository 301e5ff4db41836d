"""Many processes pick at the same time: no GPU is ever used by two."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.devices.double.boards import Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine
from tests.magics.gpus.pick.crowd import crowd
from tests.magics.gpus.pick.notebook import ROOT

WAY = "tests.magics.gpus.pick.ways:dlmagic"


@pytest.mark.parametrize(
    ("processes", "gpus", "rounds"),
    [(8, 3, 12), pytest.param(50, 8, 1000, marks=pytest.mark.prove)],
)
def test_no_gpu_is_claimed_twice(
    libraries: Libraries, tmp_path: Path, processes: int, gpus: int, rounds: int
) -> None:
    machine = Machine(tmp_path, [Board() for _ in range(gpus)], logging=False)
    environment = {**machine.environment(libraries.of("580")), "PYTHONPATH": str(ROOT)}
    with crowd(WAY, processes, machine, environment, tmp_path) as players:
        tally = players.play(rounds, apart=False)
    machine.close()
    assert tally.doubles == 0
    # Those who leave late in a round may keep a GPU from others, but for few.
    assert tally.picks > 0.9 * gpus * rounds
