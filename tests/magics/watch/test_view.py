"""How a watched training looks, in a notebook and in a terminal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlmagic.finding import Finding, Fix
from dlmagic.magics.watch.history import History
from dlmagic.magics.watch.layer_result import LayerState
from dlmagic.magics.watch.layer_table import MOST_LAYERS, number
from dlmagic.magics.watch.maps import bars_of
from dlmagic.magics.watch.packed_result import PackedArray
from dlmagic.magics.watch.result import LayerTable, WatchResult
from dlmagic.magics.watch.sample_result import STATISTICS, Overhead, Row, Sample, Silent
from tests.magics.watch.conftest import sample_of
from tests.magics.watch.test_courses import rows_of

RELU = Row("encoder.1", "ReLU", "activation")
LINEAR = Row("encoder.0", "Linear", "activation")
FINDING = Finding(
    "vanishing-gradient",
    "warning",
    "At step 9, the gradient vanishes in encoder.0.",
    operands=("encoder.0",),
    fix=Fix("Take ReLU."),
)


def result_of(samples: list[Sample], **fields: object) -> WatchResult:
    """The result of a session that measured these."""
    history = History(["encoder.0", "encoder.1"])
    history.add(samples)
    values, calls = history.newest()
    from dlmagic.magics.watch.conclusion import layers_in

    assert len(calls) == len(history.rows)
    return WatchResult(
        model="net",
        kind="Net",
        layers=layers_in(history),
        rows=history.rows,
        values=PackedArray.of(values),
        courses=PackedArray.of(history.courses(), digits=3),
        points=tuple(map(int, history.steps)),
        steps=len(samples),
        samples=len(samples),
        last=history.last,
        **fields,  # type: ignore[arg-type]
    )


def small(steps: int = 20, **fields: object) -> WatchResult:
    weight, gradient = (
        Row("encoder.0", "Linear", kind, "weight", (4, 4))  # type: ignore[arg-type]
        for kind in ("weight", "gradient")
    )
    samples = [
        sample_of(
            step,
            {
                LINEAR: {"mean": 0.1, "std": 1.0, "zeros": 0.0, "nan": 0.0, "inf": 0.0},
                RELU: {"mean": 0.4, "std": 0.5, "zeros": 0.5, "dead": 0.25},
                weight: {"norm": 2.0, "std": 0.5},
                gradient: {"norm": 10.0**-step, "nan": float(step == 7), "inf": 0.0},
            },
        )
        for step in range(1, steps + 1)
    ]
    return result_of(samples, **fields)


def large() -> WatchResult:
    rows = rows_of(300)
    rng = np.random.default_rng(0)
    samples = []
    for step in range(1, 300):
        values = rng.lognormal(size=(len(rows), len(STATISTICS))).astype(np.float32)
        values[:, [STATISTICS.index("nan"), STATISTICS.index("inf")]] = 0
        blank = np.zeros((len(rows), 1), np.uint32)
        calls = np.ones(len(rows), np.uint32)
        samples.append(Sample(step, tuple(rows), values, blank, False, calls))
    return result_of(samples, findings=(FINDING,) * 10, overhead=Overhead(share=0.008))


def said(result: object) -> str:
    return " ".join(repr(result).split())


def test_the_verdict_comes_first() -> None:
    text = said(small(overhead=Overhead(share=0.008)))
    assert text.startswith("Nothing wrong in 20 steps of `net`, 2 layers; watching cost 0.80 %.")


@pytest.mark.parametrize(
    ("steps", "share", "once", "told"),
    [
        (100, 0.01, 0.09, "100 ms."),  # of one second, all together
        (1000, 0.01, 0.04, "1.0 %."),
        (1000, 0.01, 0.09, "1.0 %, and 90 ms once."),  # as much as all that came later
        (100_000, 0.01, 0.19, "1.0 %."),
        (100_000, 0.01, 2.5, "1.0 %, and 2.5 s once."),
    ],
)
def test_what_was_paid_once_is_told_where_somebody_may_have_noticed(
    steps: int, share: float, once: float, told: str
) -> None:
    cost = Overhead(plain_step=0.01, share=share, steps=steps, once=once)
    assert f"watching cost {told}" in said(small(overhead=cost))


def test_what_is_wrong_is_counted_and_told() -> None:
    text = said(small(findings=(FINDING,)))
    assert text.startswith("One thing is wrong in 20 steps")
    assert "the gradient vanishes in encoder.0. Take ReLU." in text


def test_the_layers_are_in_both_forms() -> None:
    shown = small()._repr_mimebundle_()
    for form in shown.values():
        for words in ("encoder.", "ReLU", "0.10 ± 1.0", "50", "25"):
            assert words in form, words
    assert max(map(len, shown["text/plain"].splitlines())) <= 80


def test_the_picture_is_an_image_beside_the_table() -> None:
    markup = small()._repr_mimebundle_()["text/html"]
    assert markup.count("<img") == 1
    assert 'src="data:image/svg+xml;base64,' in markup
    assert "Gradient norm and activation (standard deviation) of 2 layers from step 1" in markup
    assert not any(word in markup for word in ("<script", "onload", "http://", "https://"))


def test_time_is_told_in_characters_and_what_broke_stands_out() -> None:
    lines = [line for line in repr(small(10)).splitlines() if "!" in line]
    assert len(lines) == 1
    course = lines[0].split()[-1]
    assert course[0] == "█"
    assert course[6] == "!"
    assert course[-1] == "▁"


def test_300_layers_fit_into_150_kilobytes() -> None:
    result = large()
    markup = result._repr_mimebundle_()["text/html"]
    assert len(markup.encode()) <= 150_000
    assert "<img" in markup
    assert markup.count("<tr>") >= 300
    assert len(result.to_json()) < 6_000_000


def test_of_more_layers_those_that_are_named_are_shown() -> None:
    layers = tuple(LayerState(f"block.{k}", "Linear", activation_std=1.0) for k in range(400))
    named = Finding("dead-units", "warning", "Dead.", operands=("block.399",))
    shown = said(WatchResult(model="net", layers=layers, samples=1, findings=(named,)))
    assert "block.399" in shown
    assert f"And {400 - MOST_LAYERS} layers more" in shown


def test_figures_of_an_earlier_step_are_said_to_be() -> None:
    last = sample_of(30, {Row("encoder.2", "ReLU", "activation"): {"mean": 0.4}})
    between = sample_of(25, {RELU: {"mean": 0.4}})
    shown = said(result_of([sample_of(20, {LINEAR: {"mean": 0.1}}), between, last]))
    assert "encoder.0 and encoder.1 were last measured between step 20 and step 25." in shown
    assert "last measured" not in said(small())


def test_layers_that_never_fired_are_named_with_the_reason() -> None:
    silent = (Silent("a", "Linear", "it was not called"), Silent("b", "GRU", "it was not called"))
    assert "2 layers never fired in 20 measured steps: a and b (it was not called)." in said(
        small(silent=silent)
    )


def test_a_session_that_saw_nothing_says_so() -> None:
    nothing = WatchResult(model="net", kind="Net")
    assert "net (Net) is watched, and has not been trained yet." in said(nothing)
    ended = WatchResult(model="net", kind="Net", ended="stopped")
    assert "no optimiser took a step with it" in said(ended)
    unused = WatchResult(model="net", kind="Net", framework="torch", ended="stopped", skipped=3)
    assert "gradients reached it, but no optimiser took a step with it" in said(unused)


def test_the_table_alone() -> None:
    table = small().table()
    assert isinstance(table, LayerTable)
    assert said(table).startswith("net at step 20")
    assert table["encoder.1"].dead == 0.25
    assert LayerTable.from_json(table.to_json()) == table
    with pytest.raises(KeyError):
        table["decoder"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.01234, "0.012"),
        (9.96, "10"),
        (-12345.6, "-12,000"),
        (3.21e-9, "3.2e-9"),
        (1.5e12, "1.5e12"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Inf"),
    ],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2), (5,), (4, 3, 2)])
def test_packed_numbers_come_back(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    assert np.array_equal(PackedArray.of(array).array, array)


def test_three_digits_of_packed_numbers_are_three() -> None:
    array = np.random.default_rng(0).lognormal(0, 20, 1000).astype(np.float32)
    array[:4] = [np.nan, np.inf, -np.inf, 0]
    found = PackedArray.of(array, digits=3).array
    assert np.array_equal(found[:4], array[:4], equal_nan=True)
    assert np.allclose(found[4:], array[4:], rtol=5e-4, atol=0)


def test_where_little_was_measured_it_is_said_of_how_many_steps_it_speaks() -> None:
    result = replace(small(4, ended="stopped"), steps=1600)
    text = said(result)
    assert text.startswith("Nothing wrong in the 4 of 1,600 steps of `net` that were measured,")
    assert "are told from 10 such steps on; every=80 would measure more." in text
    assert said(small(4)).startswith("Nothing wrong in 4 steps of `net`, 2 layers;")
    assert said(replace(result, samples=10)).startswith("Nothing wrong in 1,600 steps")
    found = replace(result, findings=(FINDING,))
    assert said(found).startswith("One thing is wrong in 1,600 steps of `net`, 2 layers;")


def test_what_was_not_measured_has_a_dot_so_that_the_rest_stays_in_its_place() -> None:
    matrix = np.array([[np.nan, 1.0, 10.0, np.nan], [np.nan] * 4, [1.0, np.inf, 1.0, 1.0]])
    assert bars_of(matrix) == ["·▃▆·", "", "▃!▃▃"]


@pytest.mark.parametrize(
    ("share", "plain", "said_so"),
    [(0.34, 5e-4, "cost 34 ms"), (0.34, 0.1, "cost 34 %"), (0.008, 5e-4, "cost 0.80 %")],
)
def test_the_cost_of_a_moment_is_told_in_seconds(share: float, plain: float, said_so: str) -> None:
    cost = Overhead(share=share, plain_step=plain, steps=200)
    assert said_so in said(small(overhead=cost))
