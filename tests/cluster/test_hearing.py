"""Interrupts are heard by a second thread, and everything is put back after the last listener."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import psutil
import pytest

from dlmagic.cluster.there.hearing import leave, listen

pytestmark = pytest.mark.skipif(os.name != "posix", reason="no signal writes to a pipe there")


@pytest.fixture(autouse=True)
def ignoring() -> Iterator[None]:
    """Python's own handler does nothing."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    yield
    signal.signal(signal.SIGINT, before)


def current() -> int:
    """The descriptor that Python writes signals to."""
    now = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(now)
    return now


@contextlib.contextmanager
def listening() -> Iterator[threading.Event]:
    heard = threading.Event()
    listen(heard)
    try:
        yield heard
    finally:
        leave(heard)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_all_who_listen_hear_and_nobody_else() -> None:
    with listening() as outer:
        with listening() as inner:
            interrupt()
            assert outer.wait(5)
            assert inner.wait(5)
        outer.clear()
        inner.clear()
        interrupt()
        assert outer.wait(5)
        assert not inner.is_set()


@pytest.mark.parametrize("first", [0, 1])
def test_nothing_is_left_in_whatever_order_they_leave(first: int) -> None:
    before, descriptors = current(), psutil.Process().num_fds()
    both = [threading.Event(), threading.Event()]
    for each in both:
        listen(each)
    leave(both[first])
    leave(both[1 - first])
    leave(both[first])  # once more does no harm
    assert current() == before
    for thread in threading.enumerate():
        if thread.name == "dlmagic hearing":
            thread.join(5)
            assert not thread.is_alive()
    assert psutil.Process().num_fds() == descriptors


@pytest.fixture
def owner() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe to which Python writes signals already."""
    ends = os.pipe()
    os.set_blocking(ends[1], False)
    before = signal.set_wakeup_fd(ends[1])
    yield ends
    signal.set_wakeup_fd(before)
    for each in ends:
        with contextlib.suppress(OSError):  # it is closed already
            os.close(each)


def test_who_heard_before_hears_on(owner: tuple[int, int]) -> None:
    theirs, rings = owner
    with listening() as heard:
        interrupt()
        assert heard.wait(5)
        assert os.read(theirs, 1) == bytes([signal.SIGINT])
    assert current() == rings


def test_who_heard_before_may_be_gone(owner: tuple[int, int]) -> None:
    with listening() as heard:
        for each in owner:
            os.close(each)
        interrupt()
        assert heard.wait(5)
    assert current() == -1


def test_an_event_loop_that_took_the_signals_does_not_make_the_next_one_deaf() -> None:
    async def handle() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, print)

    with listening() as outer:
        asyncio.run(handle())
        with listening() as inner:
            interrupt()
            assert inner.wait(5)
            assert outer.wait(5)


FORKED = """
import os, signal, sys, threading
from dlmagic.cluster.there.hearing import leave, listen
signal.signal(signal.SIGINT, lambda *_: None)
heard = threading.Event()
listen(heard)
child = os.fork()
if not child:
    os.kill(os.getpid(), signal.SIGINT)
    os._exit(0)
os.waitpid(child, 0)
print("heard of the child" if heard.wait(1) else "heard nothing")
os.kill(os.getpid(), signal.SIGINT)
print("heard of its own" if heard.wait(5) else "deaf")
"""


def test_a_process_that_was_forked_is_not_heard() -> None:
    said = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.split("\n")[:2] == ["heard nothing", "heard of its own"]
