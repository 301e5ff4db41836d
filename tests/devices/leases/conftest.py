"""A folder of leases, and processes that use it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from dlmagic.devices.leases.folder import LeaseFolder
from tests.devices.leases.company import Player

if not sys.platform.startswith("linux"):
    pytest.skip("leases need Linux", allow_module_level=True)


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a folder can be made by any user; a test's own folder is closed to others."""
    shared = Path(tempfile.mkdtemp(prefix="dlmagic-test-"))
    shared.chmod(0o1777)
    yield shared / "leases"
    shutil.rmtree(shared)


@pytest.fixture
def folder(path: Path) -> Iterator[LeaseFolder]:
    """The leases of the test's own process, given back at its end."""
    made = LeaseFolder(path, program="the test")
    yield made
    for leases in made.mine():
        leases.release()


@pytest.fixture
def players(path: Path) -> Iterator[Callable[..., list[Player]]]:
    """Starts so many processes."""
    started: list[Player] = []

    def start(count: int, user: int | None = None, inside: Sequence[str] = ()) -> list[Player]:
        new = [Player(path, user, inside) for _ in range(count)]
        started.extend(new)
        return [each.ready() for each in new]

    yield start
    for each in started:
        with suppress(BrokenPipeError):
            each.close()


@pytest.fixture
def player(players: Callable[..., list[Player]]) -> Player:
    """One process."""
    return players(1)[0]
