"""A chart of curves: values with their intervals over a common number, both axes logarithmic.

Like every chart it is an SVG document of its own with its own background, without script and
outside references; see :mod:`dlmagic.display.chart`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import htpy as h
from markupsafe import Markup

from dlmagic.display.axis import Axis, even_axis, ratio_axis
from dlmagic.display.parts import Picture, abridge, printable

_WIDTH, _HEIGHT = 720, 380
_TOP, _BOTTOM, _LEFT = 44, 52, 78
_LONGEST_NAME = 24
_LETTER = 7.4  # pixels of a bold letter, about
_LINE = 16.0  # pixels between two names
_TICK_ROOM = 46.0  # pixels between two ticks
_DASHES = ("", "7 4", "2 3", "9 3 2 3")
_LIGHT = ("0b5cad", "b3460b", "1a7f37", "8250df", "8a6100", "a40e4c", "0a7575", "57606a")
_DARK = ("6cb6ff", "f69d50", "6bc46d", "dcbdfb", "daaa3f", "fc8dc7", "56d4dd", "adbac7")
_NAMED_IN_ALT = 6


@dataclass(frozen=True)
class Mark:
    """One value of a curve.

    Attributes:
        x: Where on the horizontal axis.
        y: The value, above zero.
        interval: Its 95 % interval, or None.
    """

    x: float
    y: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        name: Written at its end.
        marks: At least one, by ascending x.
        label: What the alternative text says of it, such as its last value.
    """

    name: str
    marks: tuple[Mark, ...]
    label: str = ""


def line_chart(
    series: Sequence[Series],
    *,
    title: str,
    x_title: str,
    x_tick: Callable[[float], str],
    y_tick: Callable[[float], str],
) -> Picture:
    """A picture of the curves; the horizontal axis is even where not all its values are above 0.

    Args:
        series: The curves, at least one.
        title: What the vertical axis and the bars are.
        x_title: What the horizontal axis is.
        x_tick: The text of a value on the horizontal axis.
        y_tick: The text of a value on the vertical axis.
    """
    right = _WIDTH - 26 - _LETTER * max(len(_shown(each.name)) for each in series)
    xs = sorted({mark.x for each in series for mark in each.marks})
    ys = [y for each in series for mark in each.marks for y in (mark.y, *_ends(mark))]
    across = (ratio_axis if min(xs) > 0 else even_axis)(xs, _LEFT + 14, right - 10)
    upward = ratio_axis(ys, _HEIGHT - _BOTTOM, _TOP)
    body = [
        h.rect(".ground", x=1, y=1, width=_WIDTH - 2, height=_HEIGHT - 2, rx=6),
        _words(title, 16, 24, "soft"),
        _grid(across, upward, xs, right, x_tick, y_tick),
        _words(x_title, (_LEFT + right) / 2, _HEIGHT - 12, "soft", "middle"),
        [_curve(each, across, upward, k) for k, each in enumerate(series)],
        _names(series, upward, right),
    ]
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    svg = h.svg(xmlns="http://www.w3.org/2000/svg", width=_WIDTH, height=_HEIGHT, viewBox=box)[
        h.style[Markup(_style(len(series)))], body
    ]
    return Picture(str(svg), _alt(title, series), _WIDTH, _HEIGHT)


def _ends(mark: Mark) -> tuple[float, ...]:
    return tuple(end for end in mark.interval or () if math.isfinite(end) and end > 0)


def _shown(name: str) -> str:
    return abridge(printable(name), _LONGEST_NAME)


def _grid(
    across: Axis,
    upward: Axis,
    xs: Sequence[float],
    right: float,
    x_tick: Callable[[float], str],
    y_tick: Callable[[float], str],
) -> list[h.Node]:
    """Lines at round heights, and at the places where something was measured."""
    floor = _HEIGHT - _BOTTOM
    marks: list[h.Node] = []
    for value in upward.ticks():
        y = upward.pixel(value)
        marks.append(h.path(".grid", d=f"M{_LEFT} {y:.1f}H{right:.1f}"))
        marks.append(_words(y_tick(value), _LEFT - 8, y + 4, "soft", "end"))
    for value in _apart(xs, across):
        x = across.pixel(value)
        marks.append(h.path(".grid", d=f"M{x:.1f} {_TOP}V{floor + 4}"))
        marks.append(_words(x_tick(value), x, floor + 18, "soft", "middle"))
    return marks


def _apart(values: Sequence[float], axis: Axis) -> list[float]:
    """Those values whose ticks do not run into each other."""
    kept: list[float] = []
    for value in values:
        if not kept or axis.pixel(value) - axis.pixel(kept[-1]) >= _TICK_ROOM:
            kept.append(value)
    return kept


def _curve(series: Series, across: Axis, upward: Axis, number: int) -> list[h.Node]:
    places = [(across.pixel(m.x), upward.pixel(m.y), m) for m in series.marks]
    colour, dash = f"c{number % len(_LIGHT)}", _DASHES[number % len(_DASHES)]
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in places)
    dashes = {"stroke-dasharray": dash} if dash else {}
    bars = "".join(
        f"M{x:.1f} {upward.pixel(m.interval[0]):.1f}V{upward.pixel(m.interval[1]):.1f}"
        for x, _, m in places
        if m.interval is not None and len(_ends(m)) == 2
    )
    return [
        h.path(f".line.{colour}", dashes, d=line),
        h.path(f".bar.{colour}", d=bars) if bars else None,
        [h.circle(f".dot.{colour}", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3.5") for x, y, _ in places],
    ]


def _names(series: Sequence[Series], upward: Axis, right: float) -> list[h.Node]:
    """Each name beside the end of its curve, moved so far that no two overlap."""
    wanted = [upward.pixel(each.marks[-1].y) for each in series]
    order = sorted(range(len(series)), key=wanted.__getitem__)
    heights = _spread([wanted[k] for k in order], _TOP, _HEIGHT - _BOTTOM)
    return [
        _words(_shown(series[k].name), right + 10, y + 4.5, f"name.t{k % len(_LIGHT)}")
        for k, y in zip(order, heights, strict=True)
    ]


def _spread(wanted: Sequence[float], top: float, floor: float) -> list[float]:
    """Ascending heights as near to the wanted ones as a line's distance allows."""
    room = min(_LINE, (floor - top) / max(len(wanted) - 1, 1))
    heights: list[float] = []
    for y in wanted:
        heights.append(max(y, heights[-1] + room) if heights else max(y, top))
    lowest = floor
    for k in range(len(heights) - 1, -1, -1):
        heights[k] = min(heights[k], lowest)
        lowest = heights[k] - room
    return heights


def _style(count: int) -> str:
    used = range(min(count, len(_LIGHT)))
    light, dark = ("".join(f"--c{k}:#{palette[k]};" for k in used) for palette in (_LIGHT, _DARK))
    curves = "".join(f".c{k}{{stroke:var(--c{k})}}.t{k}{{fill:var(--c{k})}}" for k in used)
    return (
        f":root{{--ground:#fbfcfd;--soft:#59636e;--rule:#e2e6ea;{light}}}"
        "@media(prefers-color-scheme:dark){:root{--ground:#171b21;--soft:#a2abb8;"
        f"--rule:#333a45;{dark}}}}}"
        ".ground{fill:var(--ground);stroke:var(--rule)}"
        "text{font:13px system-ui,sans-serif}.soft{fill:var(--soft);font-size:12px}"
        ".name{font-weight:600}.grid{stroke:var(--rule)}"
        ".line{fill:none;stroke-width:2.2}.bar{stroke-width:3;opacity:.55}"
        f".dot{{fill:var(--ground);stroke-width:2}}{curves}"
    )


def _words(text: str, x: float, y: float, kind: str, anchor: str = "start") -> h.Node:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    return h.Element("text")(f".{kind}", place)[printable(text)]


def _alt(title: str, series: Sequence[Series]) -> str:
    named = "; ".join(f"{each.name} {each.label}".strip() for each in series[:_NAMED_IN_ALT])
    more = len(series) - _NAMED_IN_ALT
    return f"Chart. {title}: {named}{f'; and {more} more' if more > 0 else ''}."
