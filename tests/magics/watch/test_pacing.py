"""How often is measured, from what measuring costs."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from dlmagic.magics.watch.pacing import EARLY, EARLY_SECONDS, Pacing
from dlmagic.magics.watch.watcher import Rate


def run(rate, steps, *, plain=0.01, cost=0.004, first=0.02):
    """Steps that are measured of so many, where a measured one takes longer by its cost."""
    pacing, measured = Pacing(rate), []
    for step in range(1, steps + 1):
        if pacing.due(step):
            own = cost if measured else first
            pacing.measured_step(step, plain + own, own)
            measured.append(step)
        else:
            pacing.plain_step(math.nan if step == 2 else plain, 0.0)
    return pacing, measured


@pytest.mark.parametrize(("budget", "every"), [(0.01, 40), (0.05, 8), (0.5, 1)])
def test_a_budget_that_is_named_decides_from_the_second_sample_on(budget, every):
    pacing, measured = run(Rate(budget=budget, binding=True), 2000)
    assert measured[:2] == [1, 5]
    assert {b - a for a, b in pairwise(measured[1:])} == {every}
    assert pacing.every() == every
    assert pacing.overhead().share == pytest.approx(0.4 / every, rel=0.1)


def test_the_first_samples_follow_closely_and_then_the_budget_decides():
    pacing, measured = run(Rate(budget=0.01), 2000)
    assert measured[:EARLY] == [1, 5, 9, 13, 17, 25, 33, 41, 49, 65, 81, 97]
    assert {b - a for a, b in pairwise(measured[EARLY - 1 :])} == {40}
    told = pacing.overhead()
    assert told.share == pytest.approx(len(measured[EARLY:]) * 0.004 / 20)
    assert told.once == pytest.approx(0.02 + (EARLY - 1) * 0.004)


def test_a_step_that_is_long_does_not_wait_for_many_first_samples():
    pacing, measured = run(Rate(budget=0.01), 3000, plain=1.0, cost=0.2, first=0.2)
    early = [step for step in measured if step < 20]
    assert early == [1, 5, 9, 13]
    assert (len(early) - 1) * 0.2 >= EARLY_SECONDS
    assert pacing.overhead().once == pytest.approx(len(early) * 0.2)
    assert {b - a for a, b in pairwise(measured[len(early) - 1 :])} == {20}


def test_first_samples_end_where_steps_are_longer_by_more_than_our_own_time():
    pacing, measured = Pacing(Rate(budget=0.01)), []
    for step in range(1, 100):
        if pacing.due(step):
            pacing.measured_step(step, 0.3, 0.001)
            measured.append(step)
        else:
            pacing.plain_step(0.1, 0.0)
    assert measured == [1, 5, 6, 7]  # until three are known, the budget goes by our own time
    assert pacing.overhead().once == pytest.approx(0.001 + 3 * 0.2)


def test_a_budget_that_allows_more_is_used_from_the_first_samples_on():
    _, measured = run(Rate(budget=0.2), 40)
    assert measured[:5] == [1, 5, 7, 9, 11]


@pytest.mark.parametrize("rate", [Rate(), Rate(every=10)])
def test_what_getting_ready_took_is_paid_once(rate):
    pacing, _ = run(rate, 100)
    before = pacing.overhead()
    pacing.prepared(1.5)
    assert pacing.overhead().once == pytest.approx(before.once + 1.5)
    assert pacing.overhead().share == before.share


def test_a_rate_that_is_asked_for_is_kept_from_the_first_step_on():
    assert run(Rate(every=100), 250)[1] == [1, 101, 201]


def test_costs_that_our_own_time_does_not_show_count_too():
    pacing = Pacing(Rate(budget=0.01))
    for step in range(1, 3000):
        if pacing.due(step):
            pacing.measured_step(step, 0.02, 0.001)
        else:
            pacing.plain_step(0.01, 0.0)
    assert pacing.every() == pytest.approx(100, abs=1)


@pytest.mark.parametrize(("between", "every"), [(0.0, 40), (5e-5, 80), (1e-3, 160)])
def test_what_every_step_costs_is_part_of_the_budget(between, every):
    pacing = Pacing(Rate(budget=0.01))
    for step in range(1, 5000):
        if pacing.due(step):
            pacing.measured_step(step, 0.014, 0.004)
        else:
            pacing.plain_step(0.01 + between, between)
    assert pacing.every() == pytest.approx(every, rel=0.03)


def test_a_rate_that_is_asked_for_is_kept():
    _, measured = run(Rate(every=7), 22)
    assert measured == [1, 8, 15, 22]


def test_the_overhead_is_told_as_it_was_measured():
    pacing, measured = run(Rate(every=10), 100)
    told = pacing.overhead()
    assert told.plain_step == pytest.approx(0.01)
    assert told.sampled_step == pytest.approx(0.014)
    assert told.share == pytest.approx(10 * 0.004 / 1.0)
    assert told.once == pytest.approx(0.02 - 0.004)
    assert (told.every, told.steps, told.sampled) == (10, 100, len(measured))


def test_before_any_step_nothing_is_told():
    told = Pacing(Rate()).overhead()
    assert (told.plain_step, told.sampled_step, told.share) == (None, None, None)


def test_processes_that_train_together_measure_some_of_the_same_steps() -> None:
    """Each keeps to its own budget; what the slower one measures, the other one measures, too."""

    def measured(plain: float, cost: float) -> set[int]:
        pacing = Pacing(Rate(budget=0.01, together=True))
        found = set()
        for step in range(1, 2000):
            if pacing.due(step):
                found.add(step)
                pacing.measured_step(step, plain + cost, cost)
            else:
                pacing.plain_step(plain, 0.0)
        return found

    often, seldom = measured(0.1, 0.01), measured(0.1, 0.06)
    assert len(seldom) < len(often)
    assert seldom <= often
    assert len(seldom) > 5
