"""Loops that a graph has unrolled are found again, and nothing else is taken for one."""

from __future__ import annotations

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dlmagic.display.repetition import repeated_stretches


def test_a_loop_is_found_between_what_stands_before_and_behind_it() -> None:
    assert repeated_stretches("abc" + "xyz" * 5 + "cb") == [(0, 3, 3), (3, 18, 3), (18, 20, 2)]


def test_twice_is_no_loop() -> None:
    assert repeated_stretches("abab") == [(0, 4, 4)]
    assert repeated_stretches("") == []


def test_one_thing_over_and_over_is_the_shortest_loop() -> None:
    assert repeated_stretches("a" * 9) == [(0, 9, 1)]


@given(st.text("ab", max_size=60))
def test_stretches_cover_everything_and_repeat_what_they_say(items: str) -> None:
    found = repeated_stretches(items)
    assert [start for start, _, _ in found] == [0, *(end for _, end, _ in found)][: len(found)]
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert not found or found[-1][1] == len(items)
    for start, end, turn in found:
        stretch = items[start:end]
        assert stretch == stretch[:turn] * (len(stretch) // turn)


@given(st.lists(st.integers(), min_size=1, max_size=32, unique=True), st.integers(3, 20))
def test_every_loop_is_found(turn: list[int], turns: int) -> None:
    length = len(turn) * turns
    assert repeated_stretches(turn * turns) == [(0, length, len(turn))]


def test_a_hundred_thousand_items_without_a_loop_are_quick() -> None:
    start = time.perf_counter()
    assert len(repeated_stretches(list(range(100_000)))) == 1
    assert time.perf_counter() - start < 5
