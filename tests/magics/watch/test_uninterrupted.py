"""What an interrupt must not leave half done is done to its end."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from dlmagic.magics.watch.uninterrupted import uninterrupted

NAME = "uninterrupted"


def test_it_returns_what_the_work_returns_and_leaves_no_thread() -> None:
    assert uninterrupted(lambda: threading.current_thread().name, NAME) == NAME
    assert NAME not in [each.name for each in threading.enumerate()]


def test_it_raises_what_the_work_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        uninterrupted(lambda: 1 / 0, NAME)


def test_elsewhere_than_in_the_main_thread_nothing_needs_to_be_done() -> None:
    names: list[str] = []
    other = threading.Thread(
        target=lambda: names.append(uninterrupted(lambda: threading.current_thread().name, NAME)),
        name="other",
    )
    other.start()
    other.join()
    assert names == ["other"]


@pytest.mark.usefixtures("interrupts")
def test_who_waits_is_interrupted_and_the_work_is_not() -> None:
    done = threading.Event()

    def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)
        done.set()

    with pytest.raises(KeyboardInterrupt):
        uninterrupted(work, NAME)
    assert not done.is_set()
    assert done.wait(5)
