"""Machines with GPUs to look at, seen from outside of any container."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dlmagic.devices.gpus.trust import Surroundings
from dlmagic.magics.gpus import inspection
from tests.devices.conftest import libraries, machine

__all__ = ["libraries", "machine"]

BARE = Surroundings(first_namespace=True, wsl=False)
CONTAINER = Surroundings(first_namespace=False, wsl=False)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Surroundings], None]]:
    """Lets the tests run in a container, or outside of all."""

    def stand(surroundings: Surroundings) -> None:
        monkeypatch.setattr(inspection, "_surroundings", lambda: surroundings)
        inspection._owners.cache_clear()

    yield stand
    inspection._owners.cache_clear()


@pytest.fixture(autouse=True)
def outside_of_containers(stand_in: Callable[[Surroundings], None]) -> None:
    stand_in(BARE)
