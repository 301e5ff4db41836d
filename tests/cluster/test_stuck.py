"""Whether a cell waits in C++, without a cluster: the calls are real, the collective is not."""

from __future__ import annotations

import hashlib
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dlmagic.cluster.there.interpreter import reaching
from dlmagic.cluster.there.stuck import StuckCells
from dlmagic.frameworks.collectives import may_wait_for_others

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no signal writes to a pipe there")

PATIENCE = 1.0


def rounds_in_a_second() -> float:
    began = time.perf_counter()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000)
    return 200_000 / (time.perf_counter() - began)


RATE = rounds_in_a_second()


def long_call(seconds: float) -> None:
    """One call of C that lets other threads run and looks at no signal."""
    hashlib.pbkdf2_hmac("sha256", b"", b"", round(RATE * seconds))


@pytest.fixture(autouse=True)
def swallowing() -> Iterator[None]:
    """The interrupt is lost, as in a callback of C++."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    yield
    signal.signal(signal.SIGINT, before)


def told_of(module: str, code: str, **names: Any) -> list[bool]:
    """What is told of a cell that runs as if in a module, interrupted as it begins."""
    told: queue.SimpleQueue[bool] = queue.SimpleQueue()
    namespace: dict[str, Any] = {"__name__": module, "long_call": long_call, "time": time, **names}
    cells = StuckCells(namespace, told.put, PATIENCE)
    cells.begin()
    try:
        os.kill(os.getpid(), signal.SIGINT)
        exec(code, namespace)
        time.sleep(0.2)
    finally:
        cells.end()
    return [told.get() for _ in range(told.qsize())]


def test_the_main_thread_comes_to_the_interpreter_between_calls_only() -> None:
    seen: list[bool] = []

    def ask() -> None:
        time.sleep(0.5)
        reached = reaching()
        seen.append(reached.wait(0.5))
        seen.append(reached.wait(20))

    asking = threading.Thread(target=ask)
    asking.start()
    long_call(4)
    while asking.is_alive():
        time.sleep(0.01)
    assert seen == [False, True]
    assert reaching().wait(5)


def test_a_collective_that_nobody_can_end_is_told_once() -> None:
    assert told_of("torch.distributed.of_a_test", "long_call(4)") == [False]


def test_a_loop_of_short_calls_is_none() -> None:
    code = "end = time.monotonic() + 3\nwhile time.monotonic() < end: long_call(0.1)"
    assert told_of("torch.distributed.of_a_test", code) == []


def test_a_long_call_that_is_no_collective_is_left_alone() -> None:
    if may_wait_for_others(["__main__"]):
        pytest.skip("a GPU is in use here: any call may wait for it")
    assert told_of("__main__", "long_call(3)") == []


def test_nothing_is_told_where_no_cell_runs() -> None:
    told: list[bool] = []
    cells = StuckCells({}, told.append, PATIENCE)
    cells.begin()
    try:
        os.kill(os.getpid(), signal.SIGINT)
        long_call(3)
    finally:
        cells.end()
    assert told == []


@pytest.mark.parametrize("begun", [True, False])
def test_to_end_is_no_error_though_nothing_was_begun(begun: bool) -> None:
    before: Callable[[], int] = threading.active_count
    running = before()
    cells = StuckCells({}, lambda _: None)
    if begun:
        cells.begin()
    cells.end()
    cells.end()
    until = time.monotonic() + 5
    while before() > running and time.monotonic() < until:
        time.sleep(0.01)
    assert before() == running
