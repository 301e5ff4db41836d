"""Engines on this machine that tests may kill, stop and start anew."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipyparallel
import pytest

from dlmagic.cell.source import CellSource
from dlmagic.cluster.engines import Engines


@dataclass
class Local:
    """A cluster with its client."""

    cluster: Any
    client: Any

    def heal(self) -> None:
        """Start engines in place of those that a test has killed."""
        if len(self.client.ids) < 2:
            self.cluster.start_engines_sync(n=2 - len(self.client.ids))
            self.client.wait_for_engines(2, timeout=60, interactive=False)


def start(folder: Path) -> Local:
    cluster = ipyparallel.Cluster(n=2, profile_dir=str(folder / "profile"), log_level=40)
    client = cluster.start_and_connect_sync()
    client.wait_for_engines(2, timeout=60, interactive=False)
    return Local(cluster, client)


_running: list[Local] = []
_users = 0


@contextmanager
def shared(folders: pytest.TempPathFactory) -> Iterator[Local]:
    """The cluster of all tests of this process, which goes with the last of its users.

    To pytest, a fixture that two folders take from a third is two fixtures.
    """
    global _users
    if not _users:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OMP_NUM_THREADS", "1")
            _running.append(start(folders.mktemp("cluster")))
    _users += 1
    yield _running[0]
    _users -= 1
    if not _users:
        ended = _running.pop()
        ended.client.close()
        ended.cluster.stop_cluster_sync()


def run(engines: Engines, text: str, deadline: float = 60.0) -> list[None]:
    """Run the text of a cell on all engines."""
    source = dataclasses.asdict(CellSource.from_text(text))
    return engines.run("dlmagic.cluster.there.cell:run", {"source": source}, deadline=deadline)


def telling(text: str) -> tuple[str, dict[str, object]]:
    """A task: the text of a cell, which finds ``tell``."""
    source = dataclasses.asdict(CellSource.from_text(text))
    return "dlmagic.cluster.there.cell:run", {"source": source, "tell": "tell"}


def signal_to(engines: Engines, rank: int, number: signal.Signals) -> None:
    """Send a signal to an engine's process, past ipyparallel."""
    os.kill(engines.facts[rank].process, number)
