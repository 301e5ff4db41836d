"""Two engines on one machine with GPUs, which the double of NVIDIA's library plays in both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dlmagic.cluster.engines import Engines
from tests.cluster.conftest import cluster, engines
from tests.cluster.local import run
from tests.devices.double.boards import Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine

__all__ = ["cluster", "engines"]

_PLAY = """
import ctypes, os
from dlmagic.devices.gpus.trust import Surroundings
from dlmagic.magics.gpus import inspection
from tests.devices.double.playing import talk_to
os.environ["DLMAGIC_LEASES"] = {leases!r}
bare = inspection._surroundings
inspection._surroundings = lambda: Surroundings(first_namespace=True, wsl=False)
inspection._owners.cache_clear()
talk_to(ctypes.CDLL({library!r}), {state!r})
"""
_PUT_BACK = """
from dlmagic.magics.gpus.pick.engine import give_back
give_back()
talk_to(None, None)
inspection._surroundings = bare
inspection._owners.cache_clear()
del os.environ["DLMAGIC_LEASES"]
"""

Played = Callable[..., Machine]


@pytest.fixture
def played(
    engines: Engines,
    libraries: Libraries,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Played]:
    """Lets both engines see a machine with these GPUs, and leases of their own."""
    made: list[Machine] = []
    leases = str(tmp_path / "leases")
    monkeypatch.setenv("DLMAGIC_LEASES", leases)
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ann/train.ipynb")

    def play(*boards: Board) -> Machine:
        machine = Machine(tmp_path, boards)
        made.append(machine)
        library = str(libraries.of("580") / "libnvidia-ml.so.1")
        run(engines, _PLAY.format(leases=leases, library=library, state=str(machine.path)))
        return machine

    yield play
    for machine in made:
        run(engines.alive, _PUT_BACK)
        machine.close()
