"""A real cluster of two engines on this machine, started once for all tests that need it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dlmagic.cluster.engines import Engines
from dlmagic.cluster.targets import engines_of
from tests.cluster.local import shared


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two engines with one thread each; folders that take this fixture from here share them."""
    with shared(tmp_path_factory) as started:
        yield started


@pytest.fixture
def engines(cluster: Any) -> Engines:
    """Both engines, as a view of all means them."""
    cluster.heal()
    return engines_of(cluster.client[:])
