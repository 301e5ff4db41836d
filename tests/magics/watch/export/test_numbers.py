"""What is written of a sample, and how it is called."""

from __future__ import annotations

import numpy as np
import pytest

from dlmagic.magics.watch.export.numbers import MAIN, MANY, Numbers
from dlmagic.magics.watch.sample_result import QUANTITIES, Row
from tests.magics.watch.export.samples import ROWS, sample, with_value


def test_names_begin_with_what_is_shown_in_one_section() -> None:
    written = Numbers().of(sample(3))
    assert written.step == 3
    assert "dlmagic-gradient-norm/0.linear.weight" in written.scalars
    assert "dlmagic-update-ratio/0.linear.weight" in written.scalars
    assert "dlmagic-activation-mean/0.linear" in written.scalars
    assert set(written.histograms) == {
        "dlmagic-activation/(Sequential)",
        "dlmagic-activation/0.linear",
        "dlmagic-gradient/0.linear.weight",
        "dlmagic-update/0.linear.weight",
    }


def test_each_number_has_its_own_value() -> None:
    given = sample(1)
    written = Numbers().of(given)
    for k, text in enumerate(("(Sequential)", "0.linear")):
        for statistic in ("mean", "std", "norm", "min", "max", "zeros"):
            value = written.scalars[f"dlmagic-activation-{statistic}/{text}"]
            assert value == given.column(statistic)[k]


def test_what_was_not_measured_is_not_written() -> None:
    names = Numbers().of(sample(1)).scalars
    assert not [name for name in names if "-dead" in name or "-gradient-ratio" in name]
    assert all(np.isfinite(list(names.values())))


def test_counts_of_what_is_not_finite_are_written_where_there_is_any() -> None:
    numbers = Numbers()
    healthy = numbers.of(sample(1)).scalars
    assert not [name for name in healthy if "-nan" in name or "-inf" in name]
    ill = numbers.of(with_value(sample(2), 1, "nan", 7)).scalars
    assert set(ill) - set(healthy) == {"dlmagic-activation-nan/0.linear"}
    assert ill["dlmagic-activation-nan/0.linear"] == 7


def test_a_norm_that_is_infinite_is_written() -> None:
    ill = Numbers().of(with_value(sample(2), 1, "norm", np.inf)).scalars
    assert ill["dlmagic-activation-norm/0.linear"] == np.inf


def test_other_rows_have_their_own_names() -> None:
    numbers = Numbers()
    numbers.of(sample(1))
    later = numbers.of(sample(2, rows=ROWS[:1]))
    assert {name.partition("/")[2] for name in later.scalars} == {"(Sequential)"}


@pytest.mark.parametrize(("layers", "many"), [(10, False), (300, True)])
def test_of_too_many_numbers_the_main_ones_are_written(layers: int, many: bool) -> None:
    rows = tuple(
        Row(f"layers.{k}", "Linear", quantity) for k in range(layers) for quantity in QUANTITIES
    )
    numbers = Numbers()
    written = numbers.of(sample(1, rows))
    assert bool(numbers.notes()) == many
    assert len(written.scalars) + len(written.histograms) < MANY
    statistics = {name.partition("/")[0].rpartition("-")[2] for name in written.scalars}
    assert (statistics <= set(MAIN)) == many
