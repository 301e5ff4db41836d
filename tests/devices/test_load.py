"""Who used the processors: real readings, and what is told from two of them."""

from __future__ import annotations

import threading
import time

import psutil
import pytest

from dlmagic.devices.load import Load, Reading, load_between, read_load


def spin(seconds: float) -> None:
    """Use the processor for so many seconds of this thread's own time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


def test_a_reading_counts_what_this_process_computes() -> None:
    before = read_load()
    spin(0.2)
    load = load_between(before, read_load())
    assert 0.2 <= load.end.own - load.start.own <= load.wall * load.cores
    assert load.wall >= 0.2
    assert load.cores == psutil.cpu_count()


def test_another_thread_is_told_by_its_name() -> None:
    ready = threading.Event()
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            spin(0.01)
            ready.set()

    thread = threading.Thread(target=work, name="loader")
    thread.start()
    ready.wait()
    before = read_load()
    while read_load().threads["loader"] < before.threads["loader"] + 0.05:
        time.sleep(0.01)  # counted in ticks of 10 ms
    load = load_between(before, read_load())
    done.set()
    thread.join()
    assert load.threads["loader"] > 0.02
    assert threading.current_thread().name not in load.threads


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux counts the wait for a core")
def test_linux_tells_what_a_thread_waited() -> None:
    assert read_load().waited is not None


def test_what_lies_between_two_readings() -> None:
    start = Reading(wall=10, own=1, busy=100, stolen=2, waited=0.5, threads={"a": 1.0})
    end = Reading(wall=14, own=3, busy=106, stolen=3, waited=0.9, threads={"a": 3.0, "b": 1.0})
    load = Load(start, end, cores=2)
    assert load.neighbours == pytest.approx(1.0)
    assert load.stolen == pytest.approx(0.25)
    assert load.waited == pytest.approx(0.1)
    assert load.threads == {"a": pytest.approx(0.5), "b": pytest.approx(0.25)}


def test_what_the_system_does_not_tell_is_none() -> None:
    load = Load(Reading(wall=1, own=0), Reading(wall=2, own=1), cores=4)
    assert (load.neighbours, load.stolen, load.waited, load.threads) == (None, None, None, {})
    assert Load(Reading(1, 0, 5), Reading(1, 0, 5), cores=1).neighbours is None
