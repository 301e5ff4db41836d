from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlmagic.display.axis import even_axis, ratio_axis
from dlmagic.display.linechart import Mark, Series, line_chart
from dlmagic.display.parts import Picture

SVG = "{http://www.w3.org/2000/svg}"


def series(name: str = "compile", power: float = 1.0, count: int = 4) -> Series:
    values = [(4.0**k, 4.0 ** (k * power)) for k in range(count)]
    return Series(name, tuple(Mark(x, y, (y * 0.8, y * 1.25)) for x, y in values), "2 ms")


def draw(*curves: Series) -> Picture:
    return line_chart(
        curves,
        title="Time per call",
        x_title="n",
        x_tick=lambda value: f"{value:g}",
        y_tick=lambda value: f"{value:g} s",
    )


def texts(picture: Picture) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def lines(picture: Picture) -> list[list[tuple[float, float]]]:
    paths = re.findall(r'class="line [^"]*"[^>]* d="M([^"]+)"', picture.svg)
    return [[tuple(map(float, p.split())) for p in path.split("L")] for path in paths]  # type: ignore[misc]


def test_a_power_is_a_straight_line() -> None:
    [line] = lines(draw(series(power=2.0)))
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(line)]
    for step in steps:
        assert step == pytest.approx(steps[0], abs=0.11)
    assert steps[0][0] > 0 > steps[0][1]  # greater is higher, and heights count down


def test_intervals_are_bars_around_their_mark() -> None:
    picture = draw(series())
    found = re.search(r'class="bar c0" d="([^"]+)"', picture.svg)
    assert found
    bars = re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", found[1])
    assert len(bars) == 4
    for (x, low, high), (mark_x, mark_y) in zip(bars, lines(picture)[0], strict=True):
        assert float(x) == mark_x
        assert float(high) < mark_y < float(low)


def test_a_curve_without_intervals_has_no_bars() -> None:
    bare = Series("a", (Mark(1, 1), Mark(2, 2)))
    assert 'class="bar' not in draw(bare).svg


def test_both_axes_have_ticks_and_a_title() -> None:
    shown = texts(draw(series()))
    assert {"n", "Time per call", "1", "4", "16", "64", "1 s", "10 s"} <= set(shown)


def test_close_places_share_a_tick() -> None:
    crowded = Series("a", tuple(Mark(1 + k / 100, 1.0) for k in range(100)))
    assert len(texts(draw(crowded))) < 30


def test_names_stand_at_the_ends_and_never_overlap() -> None:
    picture = draw(*(series(f"arm {k}", 1.0 + k / 1000) for k in range(12)))
    named = [
        float(node.get("y", 0))
        for node in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")
        if (node.text or "").startswith("arm")
    ]
    gaps = [b - a for a, b in pairwise(sorted(named))]
    assert len(named) == 12
    assert min(gaps) >= 14


def test_values_from_zero_down_have_an_even_axis() -> None:
    [line] = lines(draw(Series("a", tuple(Mark(x, 1.0) for x in (-2, 0, 2)))))
    assert line[1][0] - line[0][0] == pytest.approx(line[2][0] - line[1][0], abs=0.11)


def test_it_brings_its_background_and_both_colour_schemes() -> None:
    drawn = draw(series()).svg
    assert 'class="ground"' in drawn
    assert "prefers-color-scheme:dark" in drawn
    assert "<script" not in drawn
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


def test_names_are_escaped_and_the_alternative_text_is_one_sentence() -> None:
    picture = draw(series("<script>" + "x" * 60), *(series(f"arm {k}") for k in range(7)))
    assert "<script>" not in picture.svg
    assert picture.alt.startswith("Chart. Time per call: <script>")
    assert picture.alt.endswith("arm 4 2 ms; and 2 more.")


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.floats(-1e9, 1e9), st.floats(1e-9, 1e9)),
        min_size=1,
        max_size=12,
        unique_by=lambda pair: pair[0],
    )
)
def test_every_mark_is_inside_the_picture(pairs: list[tuple[float, float]]) -> None:
    picture = draw(Series("a", tuple(Mark(x, y) for x, y in sorted(pairs))))
    for x, y in lines(picture)[0]:
        assert 0 < x < picture.width
        assert 0 < y < picture.height


@pytest.mark.parametrize(("low", "high"), [(1, 1), (1.1, 1.4), (1, 3), (1e-6, 10), (0.003, 0.004)])
def test_a_ratio_axis_has_ticks_however_narrow(low: float, high: float) -> None:
    axis = ratio_axis([low, high], 0, 100)
    assert axis.logarithmic
    assert 2 <= len(axis.ticks()) <= 16
    assert all(axis.holds(tick) for tick in axis.ticks())
    assert axis.holds(low)
    assert axis.holds(high)


def test_an_even_axis_holds_a_lone_value() -> None:
    axis = even_axis([0.0], 0, 100)
    assert axis.pixel(0) == 50
