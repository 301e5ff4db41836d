"""What engines tell while they work and afterwards, received by one thread."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from dlmagic.cluster.engines import Engines
from tests.cluster.local import telling

pytestmark = pytest.mark.xdist_group("cluster")


def test_everything_comes_in_order_and_on_one_thread(engines: Engines) -> None:
    came: dict[int, list[Any]] = {0: [], 1: []}
    threads = set()

    def told(rank: int, data: Any) -> None:
        came[rank].append(data)
        threads.add(threading.current_thread().name)

    engines.run(*telling("for number in range(50):\n    tell({'step': number})"), told=told)
    assert came == {rank: [{"step": number} for number in range(50)] for rank in (0, 1)}
    assert threads == {"dlmagic receiver"}


def test_an_engine_can_go_on_telling_after_its_task_has_ended(engines: Engines) -> None:
    came: list[tuple[int, Any]] = []
    running = engines.start(*telling("1 + 1"), told=lambda rank, data: came.append((rank, data)))
    running.wait(30)
    engines.client[:].execute("tell('later')", block=True)
    until = time.monotonic() + 10
    while len(came) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    running.close()
    assert sorted(came) == [(0, "later"), (1, "later")]
    engines.client[:].execute("tell('too late')", block=True)
    assert len(came) == 2
