"""Courses in memory of a fixed size, against what NumPy makes of all samples."""

from __future__ import annotations

import numpy as np
import pytest

from dlmagic.magics.watch.courses import LEAST_POINTS, MOST_POINTS, Courses
from dlmagic.magics.watch.history import MOST_LOSSES, History
from dlmagic.magics.watch.sample_result import STATISTICS, Quantity, Row
from tests.magics.watch.conftest import sample_of

ACTIVATION = Row("0", "Linear", "activation")
WEIGHT = Row("1", "Linear", "weight", "weight", (2, 3))
KEPT = ("mean", "min", "max", "nan")


def course(history: History, statistic: str) -> np.ndarray:
    return history.matrix(statistic)[0]  # type: ignore[arg-type]


def filled(values: np.ndarray) -> History:
    """The history of so many samples of one row."""
    history = History(["0"])
    for step, value in enumerate(values, 1):
        history.add([sample_of(step, {ACTIVATION: dict.fromkeys(KEPT, float(value))})])
    return history


def test_what_fits_is_kept_as_it_is() -> None:
    values = np.arange(100, dtype=np.float32)
    history = filled(values)
    assert history.steps.tolist() == list(range(1, 101))
    assert np.array_equal(course(history, "mean"), values)


@pytest.mark.parametrize("count", [MOST_POINTS, 1000, 1537])
def test_of_more_neighbours_become_one(count: int) -> None:
    values = np.random.default_rng(0).normal(size=count).astype(np.float32)
    history = filled(values)
    starts = history.steps - 1
    groups = np.split(values, starts[1:])
    assert len(starts) <= MOST_POINTS
    assert np.allclose(course(history, "mean"), [g.mean(dtype=float) for g in groups], atol=1e-6)
    assert np.array_equal(course(history, "min"), [g.min() for g in groups])
    assert np.array_equal(course(history, "max"), [g.max() for g in groups])
    assert np.allclose(course(history, "nan"), [g.sum(dtype=float) for g in groups], atol=1e-4)


def test_samples_that_come_together_count_as_those_that_come_one_by_one() -> None:
    values = np.random.default_rng(1).normal(size=700).astype(np.float32)
    alone, together = filled(values), History(["0"])
    samples = [
        sample_of(step, {ACTIVATION: dict.fromkeys(KEPT, float(value))})
        for step, value in enumerate(values, 1)
    ]
    for begin in range(0, 700, 37):
        together.add(samples[begin : begin + 37])
    assert np.array_equal(alone.steps, together.steps)
    for statistic in KEPT:
        assert np.allclose(course(alone, statistic), course(together, statistic), atol=1e-5)


def test_one_nan_in_many_steps_is_never_lost() -> None:
    history = History(["0"])
    for step in range(1, 5001):
        history.add([sample_of(step, {ACTIVATION: {"nan": float(step == 1234), "max": step % 7}})])
    assert np.nansum(course(history, "nan")) == 1
    least, most = history.extremes()
    assert (least[0][STATISTICS.index("max")], most[0][STATISTICS.index("max")]) == (0, 6)


def test_what_was_not_measured_stays_unknown() -> None:
    history = History(["0"])
    for step in range(1, 401):
        measured = {"mean": 2.0} if step > 300 else {"std": 1.0}
        history.add([sample_of(step, {ACTIVATION: measured})])
    found = course(history, "mean")
    assert np.isnan(found[history.steps < 300]).all()
    assert (found[history.steps > 301] == 2).all()


def test_rows_that_come_later_find_their_place_in_the_models_order() -> None:
    history = History(["0", "1"])
    history.add([sample_of(1, {WEIGHT: {"norm": 3.0}})])
    history.add([sample_of(2, {ACTIVATION: {"mean": 1.0}, WEIGHT: {"norm": 4.0}})])
    assert history.rows == (ACTIVATION, WEIGHT)
    assert history.matrix("norm")[1].tolist() == [3.0, 4.0]
    assert np.isnan(history.matrix("mean")[0][0])
    assert history.matrix("mean")[0][1] == 1.0


def rows_of(layers: int) -> list[Row]:
    def parts(layer: str) -> list[Row]:
        outputs = [Row(layer, "Linear", q) for q in ("activation", "activation-gradient")]
        kinds: tuple[Quantity, ...] = ("gradient", "weight", "update")
        return outputs + [Row(layer, "Linear", q, p) for p in ("weight", "bias") for q in kinds]

    return [row for number in range(layers) for row in parts(str(number))]


def test_ten_thousand_steps_of_300_layers_stay_within_a_few_megabytes() -> None:
    rows = rows_of(300)
    courses = Courses()
    courses.add_rows(rows)
    values = np.ones((1, len(rows), len(STATISTICS)), np.float32)
    courses.add(np.arange(len(rows)), values, new_point=True)
    assert LEAST_POINTS <= courses.room < MOST_POINTS
    assert courses.nbytes < 6_000_000
    while courses.points < courses.room:
        courses.add(np.arange(len(rows)), values, new_point=True)
    courses.halve()
    assert courses.nbytes < 6_000_000


def test_losses_are_thinned_and_one_that_is_no_number_stays() -> None:
    history = History()
    history.add_losses(
        [(step, float("nan") if step == 777 else 1.0) for step in range(1, 5001)],
    )
    steps, values = zip(*history.losses, strict=True)
    assert len(steps) < MOST_LOSSES
    assert sum(value != value for value in values) == 1
    assert {value for value in values if value == value} == {1.0}
