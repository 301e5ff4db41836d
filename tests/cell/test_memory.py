"""What a snapshot copies is weighed, told and refused before anything is copied."""

from __future__ import annotations

import numpy as np
import pytest

from dlmagic.cell.memory import Footprint, Memory, footprint_of, free_memory
from dlmagic.cell.snapshot import Snapshot, take_snapshot
from dlmagic.errors import StateError
from dlmagic.frameworks.plain.adapter import PlainFramework
from tests.cell.cells import namespace_of


def snapshot(namespace: dict[str, object], memory: Memory, earlier: Snapshot | None = None):
    return take_snapshot(
        namespace, ["x", "y"], frameworks=(PlainFramework(),), memory=memory, earlier=earlier
    )


def arrays() -> dict[str, object]:
    return namespace_of(x=np.ones(1000), y=[np.ones(500), np.ones(10)])


def test_what_does_not_fit_is_refused_in_one_line_with_both_figures() -> None:
    namespace = namespace_of(x=np.ones(25_000_000))
    with pytest.raises(
        StateError, match=r"reads 0\.2 GB .* only 0\.1 GB of memory is free"
    ) as told:
        snapshot(namespace, Memory(free=lambda: 100_000_000))
    assert "\n" not in str(told.value)


def test_the_sum_is_told_before_anything_is_copied() -> None:
    told: list[Footprint] = []
    with pytest.raises(StateError):
        snapshot(arrays(), Memory(free=lambda: 12_000, tell=told.append))
    assert told == [Footprint(copied=8 * 1510, referenced=0)]
    assert snapshot(arrays(), Memory(free=lambda: 12_080)).footprint == told[0]


def test_a_later_snapshot_shares_the_copies_of_unchanged_arrays() -> None:
    namespace = arrays()
    first = snapshot(namespace, Memory())
    second = snapshot(namespace, Memory(free=lambda: 0), first)
    namespace["x"][:] = 7  # type: ignore[index]
    third = snapshot(namespace, Memory(free=lambda: 8000), second)
    third.restore()
    assert namespace["x"][0] == 7  # type: ignore[index]
    second.restore()
    assert namespace["x"][0] == 1  # type: ignore[index]


def test_views_of_one_array_are_counted_once() -> None:
    base = np.ones(1000)
    namespace = namespace_of(x=base[10:], y=[base, base[::2]])
    assert snapshot(namespace, Memory()).footprint.copied == 8000


@pytest.mark.parametrize(
    ("footprint", "note"),
    [
        (Footprint(), None),
        (Footprint(50_000_000, 49_000_000), None),
        (
            Footprint(0, 2_100_000_000),
            "The cell reads 2.1 GB; tensors are copied only when they are first written to.",
        ),
        (
            Footprint(250_000_000, 0),
            "The cell reads 0.2 GB; arrays of NumPy are copied before it runs.",
        ),
        (
            Footprint(1_000_000_000, 2_000_000_000),
            (
                "The cell reads 3.0 GB; 1.0 GB of arrays are copied before it runs, "
                "tensors only when they are first written to."
            ),
        ),
    ],
)
def test_what_is_worth_a_line(footprint: Footprint, note: str | None) -> None:
    assert footprint.note() == note


def test_nothing_weighs_nothing() -> None:
    assert footprint_of([]) == Footprint(0, 0)
    assert free_memory() > 0
