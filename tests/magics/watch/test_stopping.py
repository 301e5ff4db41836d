"""Interrupts that wait for a step to end, and those that do not."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from dlmagic.magics.watch import stopping
from dlmagic.magics.watch.stopping import INTERRUPTED, StopWish, first_interrupt_waits

pytestmark = pytest.mark.usefixtures("interrupts")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "PATIENCE", 0.3)


@pytest.fixture
def wish() -> StopWish:
    return StopWish()


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)  # Python looks between two instructions


def test_the_first_interrupt_of_a_training_is_a_wish(wish: StopWish) -> None:
    with first_interrupt_waits(lambda: [wish]):
        wish.beat()
        interrupt()
        assert wish.why == INTERRUPTED
    assert wish.why == ""


def test_the_second_is_an_ordinary_one(wish: StopWish) -> None:
    with first_interrupt_waits(lambda: [wish]):
        wish.beat()
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        assert wish.why == ""


def test_where_nothing_trains_the_first_comes_through_at_once(wish: StopWish) -> None:
    with first_interrupt_waits(lambda: [wish]), pytest.raises(KeyboardInterrupt):
        interrupt()


def test_what_trained_in_the_cell_before_does_not_count(wish: StopWish) -> None:
    wish.beat()
    wish.begin_cell()
    with first_interrupt_waits(lambda: [wish]), pytest.raises(KeyboardInterrupt):
        interrupt()


@pytest.mark.usefixtures("quick")
def test_where_no_step_ends_soon_the_first_comes_through(wish: StopWish) -> None:
    begun = time.monotonic()
    with first_interrupt_waits(lambda: [wish]), pytest.raises(KeyboardInterrupt):  # noqa: PT012
        wish.beat()
        interrupt()
        time.sleep(10)
    assert time.monotonic() - begun < 5
    assert wish.why == ""


@pytest.mark.usefixtures("quick")
def test_a_wish_that_was_fulfilled_is_not_insisted_on(wish: StopWish) -> None:
    other = StopWish()
    with first_interrupt_waits(lambda: [wish, other]):
        wish.beat()
        other.beat()
        interrupt()
        assert (wish.why, other.why) == (INTERRUPTED, INTERRUPTED)
        wish.forget()
        time.sleep(0.6)


def test_pythons_own_way_is_back_afterwards(wish: StopWish) -> None:
    with first_interrupt_waits(lambda: [wish]):
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_handler_is_left_alone(wish: StopWish) -> None:
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    with first_interrupt_waits(lambda: [wish]):
        wish.beat()
        interrupt()
    assert heard == [signal.SIGINT]


def test_another_thread_changes_nothing(wish: StopWish) -> None:
    def enter() -> None:
        with first_interrupt_waits(lambda: [wish]):
            seen.append(signal.getsignal(signal.SIGINT))

    seen: list[object] = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]


def test_patience_grows_with_the_steps() -> None:
    now = [0.0]
    wish = StopWish(lambda: now[0])
    for moment in (0.0, 3.0, 6.0):
        now[0] = moment
        wish.beat()
    assert wish.patience == pytest.approx(stopping.PATIENCE + 3.0)
    now[0] = 10.9
    assert wish.in_training()
    now[0] = 11.1
    assert not wish.in_training()
