"""A real cluster of two engines on this machine, started once for all tests that need it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from dlmagic.cluster.engines import Engines
from dlmagic.cluster.targets import engines_of
from tests.cluster.local import start


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two engines with one thread each."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    started = start(tmp_path_factory.mktemp("cluster"))
    if before is None:
        del os.environ["OMP_NUM_THREADS"]
    yield started
    started.client.close()
    started.cluster.stop_cluster_sync()


@pytest.fixture
def engines(cluster: Any) -> Engines:
    """Both engines, as a view of all means them."""
    cluster.heal()
    return engines_of(cluster.client[:])
