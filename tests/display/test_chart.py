from __future__ import annotations

import math
import random
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmagic.display.axis import Axis, axis_for
from dlmagic.display.chart import MOST_DOTS, Strip, strip_chart
from dlmagic.display.parts import Picture

SVG = "{http://www.w3.org/2000/svg}"


def strip(name: str = "compile", factor: float = 3.0, rounds: int = 50) -> Strip:
    source = random.Random(name)
    dots = tuple(factor * math.exp(source.gauss(0, 0.05)) for _ in range(rounds))
    return Strip(name, dots, factor, (factor * 0.98, factor * 1.02), f"{factor}x")


def draw(*strips: Strip) -> Picture:
    return strip_chart(
        strips,
        title="Each dot is one round",
        axis_title="times as fast",
        tick=lambda value: f"{value:g}x",
        line_at=1.0,
    )


def texts(picture: Picture) -> list[str]:
    return [node.text or "" for node in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


def dots(picture: Picture) -> list[tuple[float, float]]:
    found = re.findall(r"M([\d.]+) ([\d.]+)h0", picture.svg)
    return [(float(x), float(y)) for x, y in found]


def test_every_round_is_a_dot_where_its_value_is() -> None:
    picture = draw(strip(factor=3.0, rounds=50), strip("trace", 0.5, rounds=50))
    assert len(dots(picture)) == 100
    ring = [float(r.get("cx", 0)) for r in ElementTree.fromstring(picture.svg).iter(f"{SVG}circle")]
    left = sum(x for x, _ in dots(picture)[:50]) / 50
    assert left == pytest.approx(ring[0], abs=8)
    assert ring[1] < ring[0]


def test_many_dots_are_thinned_and_the_chart_says_so() -> None:
    picture = draw(*(strip(f"arm {k}", 1 + k / 10, 1000) for k in range(12)))
    shown = len(dots(picture))
    assert 200 <= shown <= MOST_DOTS
    assert f"{shown} of 12,000 dots drawn" in texts(picture)[0]
    assert len(picture.svg) < 20_000


def test_a_round_far_away_goes_to_the_edge_and_the_chart_says_so() -> None:
    usual = strip(rounds=100)
    odd = Strip(usual.name, (*usual.dots, 0.0001), usual.middle, usual.interval, usual.label)
    picture = draw(odd)
    assert "1 dot beyond the edges" in texts(picture)[0]
    assert max(x for x, _ in dots(picture)) > 500  # the others keep their room


def test_the_alternative_text_is_one_sentence_with_the_numbers() -> None:
    names = [strip(f"arm {k}") for k in range(8)]
    assert draw(strip()).alt == "Chart. Each dot is one round: compile 3.0x."
    assert draw(*names).alt.endswith("arm 5 3.0x; and 2 more.")


def test_names_are_escaped_and_kept_short() -> None:
    picture = draw(strip("<script>" + "x" * 100))
    assert "<script>" not in picture.svg
    assert texts(picture)[-2].startswith("<script>xxx")
    assert len(texts(picture)[-2]) <= 30


@pytest.mark.parametrize("value", [math.nan, math.inf, 0.0, -1.0])
def test_what_is_not_a_time_is_not_drawn(value: float) -> None:
    odd = Strip("compile", (1.0, value, 1.1), value, (value, value), "unknown")
    assert len(dots(draw(odd))) == 2
    assert "nan" not in draw(odd).svg


@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=30), st.floats(1e-9, 1e9))
def test_an_axis_holds_what_it_must_and_has_few_ticks(values: list[float], must: float) -> None:
    axis = axis_for([values], [must], 100, 600)
    assert axis.holds(must)
    assert all(100 <= axis.pixel(value) <= 600 for value in values)
    assert all(axis.holds(tick) or tick == pytest.approx(axis.low) for tick in axis.ticks())
    assert len(axis.ticks()) <= 9
    assert list(axis.ticks()) == sorted(set(axis.ticks()))


def test_ticks_are_round() -> None:
    assert Axis(0.97, 1.08, 0, 1, logarithmic=False).ticks() == (0.98, 1.0, 1.02, 1.04, 1.06, 1.08)
    assert Axis(0.4, 6, 0, 1, logarithmic=True).ticks() == (0.5, 1, 2, 5)
    assert Axis(1e-4, 1e4, 0, 1, logarithmic=True).ticks()[0] == 1e-4


def test_equal_values_still_make_an_axis() -> None:
    axis = axis_for([[2.0, 2.0]], [2.0], 0, 100)
    assert axis.low < 2.0 < axis.high
