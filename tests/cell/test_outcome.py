"""What two runs produced, compared."""

from __future__ import annotations

import pytest

from dlmagic.cell.compare import Tolerance
from dlmagic.cell.frozen import FrozenContainer
from dlmagic.cell.outcome import LAST, compare_outcomes, equal, frozen, frozen_names
from dlmagic.frameworks.plain.adapter import PlainFramework

TOLERANCE = Tolerance(None, None)


def outcome(**values: object) -> FrozenContainer:
    last = {LAST: values.pop("last")} if "last" in values else {}
    return frozen({**values, **last}, (PlainFramework(),))


@pytest.mark.parametrize(
    ("one", "other", "agrees"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1, "last": 3}, {"a": 1, "last": 3}, True),
    ],
)
def test_two_runs_of_one_cell_compare_every_name(one, other, agrees) -> None:
    assert compare_outcomes(outcome(**one), outcome(**other), TOLERANCE).agrees is agrees


@pytest.mark.parametrize(
    ("one", "other", "agrees"),
    [
        ({"a": 1, "last": 3}, {"b": 2, "last": 3}, True),
        ({"a": 1, "last": 3}, {"a": 2, "last": 3}, True),
        ({"a": 1, "last": 3}, {"a": 1, "last": 4}, False),
        ({"a": 1, "c": 5}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"b": 1}, None),
    ],
)
def test_alternatives_compare_the_last_value_or_what_both_assign(one, other, agrees) -> None:
    found = compare_outcomes(outcome(**one), outcome(**other), TOLERANCE, same_cell=False)
    assert found.agrees is agrees
    if agrees is None:
        assert "end each alternative with the value to compare" in found.reason


def test_equal_means_to_the_last_bit() -> None:
    assert equal(outcome(a=0.1), outcome(a=0.1))
    assert not equal(outcome(a=0.1), outcome(a=0.1 + 1e-16))


def test_names_are_spelled_as_in_an_outcome() -> None:
    assert frozen_names(["x"]) == [name for name, _ in outcome(x=1).items]
