"""Who looks at a live view: pages that say so, cells that run, and silence."""

from __future__ import annotations

import pytest

from dlmagic.display.live.attention import HEARTBEAT, LEFT, SILENCE, Attention


class Clock:
    """Time that passes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attention(clock: Clock) -> Attention:
    """A view that was just shown to a front end."""
    attention = Attention(clock=clock)
    attention.await_page()
    return attention


def test_a_page_has_time_to_load(attention: Attention, clock: Clock) -> None:
    assert attention.state() == "looked at"
    clock.now += SILENCE
    assert attention.state() == "unseen"


def test_a_page_that_speaks_is_looked_at(attention: Attention, clock: Clock) -> None:
    for _ in range(1000):
        attention.hear("a", visible=True)
        clock.now += HEARTBEAT
        assert attention.state() == "looked at"


def test_a_hidden_page_is_not(attention: Attention) -> None:
    attention.hear("a", visible=True)
    attention.hear("a", visible=False)
    assert attention.state() == "unseen"


def test_one_of_two_pages_is_enough(attention: Attention) -> None:
    attention.hear("a", visible=True)
    attention.hear("b", visible=True)
    attention.hear("a", visible=False)
    assert attention.state() == "looked at"
    attention.hear("b", visible=False)
    assert attention.state() == "unseen"


def test_silence_of_an_idle_kernel_means_that_the_page_has_gone(
    attention: Attention, clock: Clock
) -> None:
    attention.hear("a", visible=True)
    clock.now += SILENCE
    assert attention.state() == "unseen"


def test_silence_while_a_cell_runs_means_nothing(attention: Attention, clock: Clock) -> None:
    attention.hear("a", visible=True)
    attention.cell_began()
    clock.now += 10 * LEFT
    assert attention.state() == "looked at"
    attention.cell_ended()
    assert attention.state() == "looked at"
    clock.now += SILENCE  # by now it would have been heard
    assert attention.state() == "unseen"


def test_a_page_that_had_gone_before_a_cell_does_not_come_back_with_it(
    attention: Attention, clock: Clock
) -> None:
    attention.hear("a", visible=True)
    clock.now += SILENCE
    attention.cell_began()
    assert attention.state() == "unseen"


def test_what_is_unseen_for_long_is_left_but_not_while_a_cell_runs(
    attention: Attention, clock: Clock
) -> None:
    attention.hear("a", visible=False)
    attention.cell_began()
    clock.now += 2 * LEFT
    assert attention.state() == "unseen"
    attention.cell_ended()
    clock.now += LEFT - 1
    assert attention.state() == "unseen"
    clock.now += 1
    assert attention.state() == "left"


def test_a_view_without_pages_is_recorded_until_it_is_left(clock: Clock) -> None:
    attention = Attention(clock=clock)
    attention.cell_began()
    clock.now += 10 * LEFT
    assert attention.state() == "looked at"
    attention.cell_ended()
    clock.now += LEFT
    assert attention.state() == "left"


def test_who_looks_again_is_told_at_once(clock: Clock) -> None:
    told: list[bool] = []
    attention = Attention(lambda: told.append(True), clock)
    attention.await_page()
    attention.hear("a", visible=True)
    attention.hear("a", visible=True)
    assert told == []
    attention.hear("a", visible=False)
    attention.hear("a", visible=True)
    assert told == [True]
