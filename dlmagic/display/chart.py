"""A chart of measurements: for each row its dots, its middle, and its interval.

The chart is an SVG document of its own, without script and without outside
references. It brings its background, so that it is legible wherever it lands, and
follows the colour scheme of the page where the browser tells it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import htpy as h
from markupsafe import Markup

from dlmagic.display.axis import Axis, axis_for
from dlmagic.display.parts import Picture, abridge, printable
from dlmagic.display.units import plural

MOST_DOTS = 300
"""Dots in one chart; of more, an even selection is drawn."""

_WIDTH, _ROW, _TOP, _BOTTOM = 720, 34, 40, 44
_RIGHT = 92
_BAND = 9.0
"""Dots lie this far above and below the middle of their row at most, so that they show."""

_LONGEST_NAME = 30
_NAMED_IN_ALT = 6
_STYLE = """
:root{--ground:#fbfcfd;--ink:#1f2328;--soft:#59636e;--line:#d3d9e0;--dot:#2f6fd0;--bar:#0b3d91}
@media(prefers-color-scheme:dark){:root{--ground:#171b21;--ink:#e6e9ee;--soft:#a2abb8;
--line:#3e4551;--dot:#8fbcff;--bar:#cfe1ff}}
.ground{fill:var(--ground);stroke:var(--line)}
text{font:13px system-ui,sans-serif;fill:var(--ink)}
.soft{fill:var(--soft);font-size:12px}
.name{font-weight:600}
.grid{stroke:var(--line)}
.one{stroke:var(--soft);stroke-dasharray:4 3}
.dots{stroke:var(--dot);stroke-width:4.4;stroke-linecap:round;opacity:.65}
.bar{stroke:var(--bar);stroke-width:4;stroke-linecap:round}
.middle{fill:var(--ground);stroke:var(--bar);stroke-width:2.5}
"""


@dataclass(frozen=True)
class Strip:
    """One row of a chart.

    Attributes:
        name: Written at its left.
        dots: One positive value per round, in the order of the rounds.
        middle: The estimate.
        interval: Its 95 % interval, or None.
        label: The estimate as text, written at the right.
    """

    name: str
    dots: tuple[float, ...]
    middle: float
    interval: tuple[float, float] | None
    label: str


def strip_chart(
    strips: Sequence[Strip],
    *,
    title: str,
    axis_title: str,
    tick: Callable[[float], str],
    line_at: float | None = None,
    most_dots: int = MOST_DOTS,
) -> Picture:
    """A picture of the strips above one shared axis, logarithmic where they are far apart.

    Args:
        strips: The rows, from the top.
        title: What a dot is.
        axis_title: What the axis shows.
        tick: The text of a value on the axis.
        line_at: A value to compare with, drawn as a line through all rows.
        most_dots: Of more dots than these, an even selection is drawn, and that is said.
    """
    drawn = _thinned(strips, most_dots)
    left = 34 + 7.4 * max(len(abridge(strip.name, _LONGEST_NAME)) for strip in strips)
    always = [line_at] if line_at is not None else []
    always += [value for s in strips for value in (s.middle, *(s.interval or ()))]
    axis = axis_for([strip.dots for strip in drawn], always, left, _WIDTH - _RIGHT)
    height = _TOP + _ROW * len(strips) + _BOTTOM
    body = [
        h.rect(".ground", x=1, y=1, width=_WIDTH - 2, height=height - 2, rx=6),
        _words(_headline(title, strips, drawn, axis), 16, 24, "soft"),
        _scale(axis, height, tick, axis_title),
        _reference_line(axis, height, line_at),
        [_row(strip, axis, _TOP + _ROW * (k + 0.5)) for k, strip in enumerate(drawn)],
    ]
    box = f"0 0 {_WIDTH} {height}"
    svg = h.svg(xmlns="http://www.w3.org/2000/svg", width=_WIDTH, height=height, viewBox=box)[
        h.style[Markup(_STYLE)], body
    ]
    return Picture(str(svg), _alt(title, strips), _WIDTH, height)


def _thinned(strips: Sequence[Strip], most: int) -> list[Strip]:
    """The strips with every k-th dot, so that all their dots together are few enough."""
    total = sum(len(strip.dots) for strip in strips)
    step = max(1, math.ceil(total / max(most - len(strips), 1)))
    usable = ([d for d in s.dots[::step] if math.isfinite(d) and d > 0] for s in strips)
    return [
        Strip(s.name, tuple(dots), s.middle, s.interval, s.label)
        for s, dots in zip(strips, usable, strict=True)
    ]


def _headline(title: str, strips: Sequence[Strip], drawn: Sequence[Strip], axis: Axis) -> str:
    """The title, with what the chart does not show."""
    total, shown = (sum(len(s.dots) for s in group) for group in (strips, drawn))
    beyond = sum(not axis.holds(dot) for strip in drawn for dot in strip.dots)
    remarks = [title]
    if shown < total:
        remarks.append(f"{shown:,} of {total:,} dots drawn")
    if beyond:
        remarks.append(f"{plural(beyond, 'dot')} beyond the edges")
    return "; ".join(remarks)


def _row(strip: Strip, axis: Axis, y: float) -> h.Node:
    marks: list[h.Node] = [
        _words(abridge(printable(strip.name), _LONGEST_NAME), 16, y + 4.5, "name"),
        _words(strip.label, _WIDTH - 16, y + 4.5, "name", anchor="end"),
        h.path(".dots", d=_dots_path(strip.dots, axis, y)) if strip.dots else None,
    ]
    if strip.interval is not None and all(map(math.isfinite, strip.interval)):
        low, high = (axis.pixel(end) for end in strip.interval)
        marks.append(h.path(".bar", d=f"M{low:.1f} {y}H{high:.1f}"))
    if math.isfinite(strip.middle):
        marks.append(
            h.circle(".middle", cx=f"{axis.pixel(strip.middle):.1f}", cy=f"{y:.1f}", r="4.5")
        )
    return marks


def _dots_path(dots: tuple[float, ...], axis: Axis, y: float) -> str:
    """All dots of a row as lines without length: a few bytes for each.

    They lie at heights that repeat only after many rounds (multiples of the golden
    ratio), so that equal values stay apart and nothing is left to chance.
    """
    heights = (y + _BAND * (2 * ((k * 0.618034) % 1) - 1) for k in range(len(dots)))
    pairs = zip(dots, heights, strict=True)
    return "".join(f"M{axis.pixel(dot):.0f} {height:.0f}h0" for dot, height in pairs)


def _scale(axis: Axis, height: int, tick: Callable[[float], str], title: str) -> list[h.Node]:
    floor = height - _BOTTOM
    marks: list[h.Node] = []
    for value in axis.ticks():
        x = axis.pixel(value)
        marks.append(h.path(".grid", d=f"M{x:.1f} {_TOP}V{floor + 4}"))
        marks.append(_words(tick(value), x, floor + 18, "soft", anchor="middle"))
    centre = (axis.left + axis.right) / 2
    return [*marks, _words(title, centre, height - 10, "soft", anchor="middle")]


def _reference_line(axis: Axis, height: int, value: float | None) -> h.Node:
    if value is None:
        return None
    return h.path(".one", d=f"M{axis.pixel(value):.1f} {_TOP - 4}V{height - _BOTTOM}")


def _words(text: str, x: float, y: float, kind: str, anchor: str = "start") -> h.Node:
    return h.Element("text")(f".{kind}", {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor})[
        printable(text)
    ]


def _alt(title: str, strips: Sequence[Strip]) -> str:
    named = "; ".join(f"{strip.name} {strip.label}" for strip in strips[:_NAMED_IN_ALT])
    more = len(strips) - _NAMED_IN_ALT
    return f"Chart. {title}: {named}{f'; and {more} more' if more > 0 else ''}."
