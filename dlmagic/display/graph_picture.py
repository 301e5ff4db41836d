"""Graphs of operations as one picture, with a gap between them where something broke them up.

The picture is an SVG document of its own, as :mod:`dlmagic.display.chart` makes them: no script,
no outside reference, a background, colours that follow the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import htpy as h
from markupsafe import Markup

from dlmagic.display.layers import Layout, lay_out
from dlmagic.display.parts import Picture, abridge, printable, shorten
from dlmagic.display.units import plural

_BOX, _LAYER, _LETTER, _PADDING = 26, 58, 6.6, 20
_MARGIN, _TITLE, _GAP_HEIGHT = 20, 30, 44
_LEAST_WIDTH = 560
_LONGEST = 34
_STYLE = """
:root{--ground:#fbfcfd;--ink:#1f2328;--soft:#59636e;--line:#8c96a3;--box:#e8f0fb;--edge:#2f6fd0;
--in:#eef1f4;--red:#b42318;--pale:#fdeceb}
@media(prefers-color-scheme:dark){:root{--ground:#171b21;--ink:#e6e9ee;--soft:#a2abb8;
--line:#6d7685;--box:#1d2f4a;--edge:#8fbcff;--in:#262c35;--red:#ff9d93;--pale:#3b2120}}
.ground{fill:var(--ground);stroke:var(--line)}
text{font:12px ui-monospace,monospace;fill:var(--ink)}
.soft{fill:var(--soft);font-size:11px;paint-order:stroke;stroke:var(--ground);stroke-width:5px}
.title{font:600 13px system-ui,sans-serif}
.op{fill:var(--box);stroke:var(--edge)}
.in{fill:var(--in);stroke:var(--line)}
.way{fill:none;stroke:var(--line);stroke-width:1.3}
.gap{fill:var(--pale);stroke:var(--red);stroke-dasharray:5 3}
.cut{fill:var(--red);font:600 12px system-ui,sans-serif}
"""


@dataclass(frozen=True)
class Box:
    """One operation, or several that are drawn as one.

    Attributes:
        name: Unique in its lane.
        label: What is written in it.
        below: What is written under it, where its edges begin: shape and type of the result.
        inputs: Names of the boxes that lead to it.
        is_input: Whether it is where values come in.
    """

    name: str
    label: str
    below: str = ""
    inputs: tuple[str, ...] = ()
    is_input: bool = False


@dataclass(frozen=True)
class Lane:
    """One graph.

    Attributes:
        title: Above it.
        boxes: In an order in which each comes after its inputs.
        gap: What stands between it and the next one, or an empty text.
    """

    title: str
    boxes: tuple[Box, ...]
    gap: str = ""


def graph_picture(lanes: Sequence[Lane], alt: str) -> Picture:
    """A picture of graphs, one below the other.

    Args:
        lanes: The graphs.
        alt: The same in one sentence.
    """
    drawings = [_Drawing(lane) for lane in lanes]
    width = max([_LEAST_WIDTH, *(d.layout.width + 2 * _MARGIN for d in drawings)])
    body: list[h.Node] = []
    top = float(_MARGIN)
    for drawing in drawings:
        body.append(drawing.draw(top, width))
        top += drawing.height
    height = top + _MARGIN / 2
    across, down = f"{width:.0f}", f"{height:.0f}"
    box = f"0 0 {across} {down}"
    ground = h.rect(".ground", x=1, y=1, width=f"{width - 2:.0f}", height=f"{height - 2:.0f}", rx=6)
    svg = h.svg(xmlns="http://www.w3.org/2000/svg", width=across, height=down, viewBox=box)[
        h.style[Markup(_STYLE)], ground, body
    ]
    return Picture(str(svg), alt, round(width), round(height))


class _Drawing:
    """One lane, laid out."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.boxes = {box.name: box for box in lane.boxes}
        self.widths = {box.name: _width(box) for box in lane.boxes}
        edges = [
            (start, box.name)
            for box in lane.boxes
            for start in dict.fromkeys(box.inputs)
            if start in self.boxes
        ]
        self.layout: Layout
        rooms = {box.name: _room(box) for box in lane.boxes}
        self.layout, self.ways = lay_out(rooms, edges)
        gap = _GAP_HEIGHT if lane.gap else 0
        self.height = _TITLE + _LAYER * len(self.layout.layers) + gap

    def draw(self, top: float, width: float) -> h.Node:
        left = (width - self.layout.width) / 2
        tops = {
            name: top + _TITLE + _LAYER * rank
            for rank, layer in enumerate(self.layout.layers)
            for name in layer
        }
        ways = " ".join(self._path(way, tops, left) for way in self.ways.values())
        end = top + self.height - _GAP_HEIGHT
        return [
            h.text(".title", x=_MARGIN, y=f"{top + 12:.0f}")[printable(self.lane.title)],
            h.path(".way", d=ways) if ways else None,
            [self._box(box, tops[box.name], left) for box in self.lane.boxes],
            self._gap(end, width) if self.lane.gap else None,
        ]

    def _path(self, way: Sequence[str], tops: Mapping[str, float], left: float) -> str:
        """A line from box to box; where it passes through a layer it goes straight down."""
        steps = []
        for upper, lower in pairwise(way):
            x1, x2 = (f"{left + self.layout.middles[name]:.0f}" for name in (upper, lower))
            y1, y2 = tops[upper] + _BOX, tops[lower]
            middle = f"{(y1 + y2) / 2:.0f}"
            steps.append(f"M{x1} {y1:.0f}C{x1} {middle} {x2} {middle} {x2} {y2:.0f}")
            if lower not in self.boxes:
                steps.append(f"v{_BOX}")
        return "".join(steps)

    def _box(self, box: Box, top: float, left: float) -> h.Node:
        width = self.widths[box.name]
        middle = left + self.layout.middles[box.name]
        kind, x = (".in" if box.is_input else ".op"), f"{middle:.0f}"
        corner, across = f"{middle - width / 2:.0f}", f"{width:.0f}"
        rounding = _BOX // 2 if box.is_input else 4
        below = printable(box.below)
        return [
            h.rect(kind, x=corner, y=f"{top:.0f}", width=across, height=_BOX, rx=rounding),
            h.text(x=x, y=f"{top + 17:.0f}", text_anchor="middle")[_label(box)],
            h.text(".soft", x=x, y=f"{top + _BOX + 14:.0f}", text_anchor="middle")[below]
            if below
            else None,
        ]

    def _gap(self, top: float, width: float) -> h.Node:
        text = shorten(printable(self.lane.gap), 90)
        middle, across = f"{width / 2:.0f}", f"{width - 2 * _MARGIN:.0f}"
        return [
            h.rect(".gap", x=_MARGIN, y=f"{top:.0f}", width=across, height=26, rx=4),
            h.text(".cut", x=middle, y=f"{top + 17:.0f}", text_anchor="middle")[text],
        ]


def _label(box: Box) -> str:
    return abridge(printable(box.label), _LONGEST)


def _width(box: Box) -> float:
    """Pixels of a box."""
    return len(_label(box)) * _LETTER * 1.1 + _PADDING


def _room(box: Box) -> float:
    """Pixels for the longer of a box and what stands under it."""
    return max(_width(box), len(box.below) * _LETTER + 8)


def alt_of(lanes: Sequence[Lane]) -> str:
    """What a picture shows, in one sentence."""
    sizes = [plural(len([b for b in lane.boxes if not b.is_input]), "operation") for lane in lanes]
    return f"{plural(len(lanes), 'graph')}: {', '.join(sizes[:6])}."
