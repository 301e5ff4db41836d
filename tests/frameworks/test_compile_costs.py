"""Adding up phases so that no second counts twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.frameworks.compile_costs import CompileCosts, FinishedPhases, RunningPhases

Tree = tuple[str, float, list["Tree"]]
names = st.sampled_from(["trace", "lower", "compile"])
own = st.floats(0.001, 2.0)
trees = st.recursive(
    st.tuples(names, own, st.just([])),
    lambda inner: st.tuples(names, own, st.lists(inner, max_size=3)),
    max_leaves=12,
)


def play(tree: Tree, finished: FinishedPhases, running: RunningPhases, now: float) -> float:
    """A phase that does its own work, then what lies inside it; the time afterwards."""
    name, seconds, inside = tree
    start = now
    running.begin(name, now)
    now += seconds
    for each in inside:
        now = play(each, finished, running, now)
    running.end(now)
    finished.add(name, now - start, now)
    return now


def own_seconds(tree: Tree, totals: dict[str, float]) -> dict[str, float]:
    name, seconds, inside = tree
    totals[name] = totals.get(name, 0.0) + seconds
    for each in inside:
        own_seconds(each, totals)
    return totals


@given(st.lists(trees, min_size=1, max_size=4))
def test_phases_inside_others_count_once(forest: list[Tree]) -> None:
    finished, running = FinishedPhases(), RunningPhases()
    now, expected = 0.0, {}
    for tree in forest:
        now = play(tree, finished, running, now + 1.0)
        expected = own_seconds(tree, expected)
    assert dict(finished.seconds) == pytest.approx(expected)
    assert dict(running.seconds) == pytest.approx(expected)


def test_an_end_without_a_beginning_is_no_error() -> None:
    running = RunningPhases()
    running.end(1.0)
    running.begin("trace", 2.0)
    running.end(3.0)
    assert running.seconds == {"trace": 1.0}


def test_costs_are_differences() -> None:
    before = CompileCosts({"trace": 1.0, "lower": 2.0}, loaded=1, stored=2, steps=3)
    after = CompileCosts({"trace": 1.0, "lower": 2.5, "compile": 4.0}, 2, 2, 6)
    assert after.since(before) == CompileCosts({"lower": 0.5, "compile": 4.0}, 1, 0, 3)
    assert before + after.since(before) == after


@pytest.mark.parametrize(
    ("costs", "cache"),
    [
        (CompileCosts(), None),
        (CompileCosts(loaded=2), "warm"),
        (CompileCosts(stored=1), "cold"),
        (CompileCosts(loaded=2, stored=1), "cold"),
    ],
)
def test_a_cache_is_warm_if_everything_came_from_it(costs: CompileCosts, cache) -> None:
    assert costs.cache == cache
