"""One thread that reads in a steady rhythm while somebody looks, in time that the test makes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from dlmagic.display.live.attention import LEFT, Attention
from dlmagic.magics.gpus.live.devices import Devices
from dlmagic.magics.gpus.live.measured import Moment
from dlmagic.magics.gpus.live.sampler import THREAD, Sampler
from tests.devices.double.boards import Board


class Time:
    """Passes when it is waited for; the script says what happens at which second."""

    def __init__(self, script: dict[float, Callable[[], object]]) -> None:
        self.now = 0.0
        self.script = sorted(script.items())

    def __call__(self) -> float:
        return self.now

    def wait(self, woken: threading.Event, seconds: float) -> None:
        end = self.now + seconds
        while self.script and self.script[0][0] <= end:
            at, happens = self.script.pop(0)
            self.now = max(self.now, at)
            happens()
            if woken.is_set():
                return
        self.now = end


class Source:
    """Takes as long to read as it is told."""

    def __init__(self, clock: Time) -> None:
        self.clock, self.takes, self.open = clock, 0.0, False
        self.closed: list[float] = []

    def read(self) -> Moment:
        self.open = True
        self.clock.now += self.takes
        return Moment({})

    def close(self) -> None:
        if self.open:
            self.closed.append(self.clock.now)
        self.open = False


class Run:
    """A sampler in made time; each reading is noted."""

    def __init__(self, period: float = 2.0) -> None:
        self.clock = Time({})
        self.source = Source(self.clock)
        self.attention = Attention(lambda: self.sampler.wake(), self.clock)
        self.read_at: list[float] = []
        self.left: list[float] = []
        self.sampler = Sampler(
            self.source,
            self.attention,
            lambda at, _: self.read_at.append(at),
            lambda: self.left.append(self.clock.now),
            period=period,
            clock=self.clock,
            wait=self.clock.wait,
        )

    def play(self, **script: Callable[[], object]) -> None:
        """What happens at which second, such as ``s7=...``; the end must be one of them."""
        self.clock.script = sorted((float(name[1:]), what) for name, what in script.items())
        self.sampler.start()
        self.sampler._thread.join(10)
        assert not self.sampler._thread.is_alive()


@pytest.fixture
def run() -> Run:
    return Run()


def test_it_reads_once_a_period_and_ends_within_one(run: Run) -> None:
    run.play(s9=run.sampler.stop)
    assert run.read_at == [0, 2, 4, 6, 8]
    assert run.clock.now == 9
    assert run.source.closed == [9]
    assert run.left == []


def test_slow_readings_leave_out_beats_instead_of_piling_up(run: Run) -> None:
    run.source.takes = 2.4
    run.play(s9=run.sampler.stop)
    assert run.read_at == pytest.approx([0, 2.4, 4.8, 7.2])


def test_while_the_page_is_hidden_nothing_is_read_and_the_source_is_closed(run: Run) -> None:
    run.attention.await_page()
    run.play(
        s1=lambda: run.attention.hear("a", visible=True),
        s3=lambda: run.attention.hear("a", visible=False),
        s77=lambda: run.attention.hear("a", visible=True),
        s80=run.sampler.stop,
    )
    assert run.read_at == [0, 2, 77, 79]
    assert run.source.closed == [4, 80]


def test_a_page_that_falls_silent_is_closed_to_an_idle_kernel(run: Run) -> None:
    run.attention.await_page()
    run.play(s1=lambda: run.attention.hear("a", visible=True), s300=run.sampler.stop)
    assert run.read_at[-1] == 30
    assert run.source.closed == [32]


def test_it_reads_on_while_a_cell_runs(run: Run) -> None:
    run.attention.await_page()
    run.attention.cell_began()
    run.play(s3601=run.sampler.stop)
    assert len(run.read_at) == 1801


def test_a_view_that_was_left_ends_by_itself(run: Run) -> None:
    run.attention.await_page()
    run.play(s5=lambda: run.attention.hear("a", visible=False))
    assert LEFT + 5 <= run.left[0] <= LEFT + 15
    assert run.source.closed == [6]


def test_a_closed_view_costs_no_call_of_the_library(machine) -> None:
    played = machine(*[Board()] * 8)
    attention, heard = Attention(lambda: sampler.wake()), threading.Event()
    sampler = Sampler(Devices(), attention, lambda *_: heard.set(), lambda: None, period=0.05)
    attention.await_page()
    sampler.start()
    assert heard.wait(5)
    attention.hear("a", visible=False)
    wait_for(lambda: played.calls("nvmlShutdown"))
    played.forget_calls()
    time.sleep(0.3)  # six periods
    assert played.calls() == []
    heard.clear()
    attention.hear("a", visible=True)
    assert heard.wait(5)  # and not at the next glance
    sampler.stop()
    assert len(played.calls("nvmlShutdown")) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == THREAD]


def wait_for(happened: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)
