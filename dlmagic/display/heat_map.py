"""Numbers of many rows over time as one picture: more is more ink, what is not finite is red.

The picture is an SVG document of its own, as :mod:`dlmagic.display.chart` makes them, around a
PNG with one pixel for each number: thousands of numbers are a few kilobytes.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import htpy as h
import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from dlmagic.display.parts import Picture, abridge, printable
from dlmagic.display.png import Colour, palette_png
from dlmagic.display.units import tiny

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 196, 16, 34, 34
_MOST_HEIGHT, _LARGEST_ROW, _LETTER = 300, 18, 12
_LONGEST_NAME = 28
_LEAST_DECADES = 2

_STOPS: tuple[Colour, ...] = (
    (228, 241, 234), (179, 218, 205), (118, 186, 192), (64, 144, 177), (43, 97, 152), (31, 47, 102),
)  # fmt: skip
_UNKNOWN: Colour = (246, 247, 249)  # for programs that know no clear pixels
_BROKEN: Colour = (214, 0, 60)
_SHADES = 14  # which leaves two of the palette's sixteen colours

_STYLE = """
:root{--ground:#fbfcfd;--ink:#1f2328;--soft:#59636e;--line:#d3d9e0}
@media(prefers-color-scheme:dark){:root{--ground:#171b21;--ink:#e6e9ee;--soft:#a2abb8;
--line:#3e4551}}
.ground{fill:var(--ground);stroke:var(--line)}
text{font:11px system-ui,sans-serif;fill:var(--ink)}
.title{font:600 13px system-ui,sans-serif}
.soft{fill:var(--soft)}
.map{image-rendering:pixelated}
"""


@dataclass(frozen=True, eq=False)
class Band:
    """One map.

    Attributes:
        title: What is shown.
        names: Of the rows, from the top.
        values: ``[row, column]``; NaN where nothing is known, infinite where something broke.
    """

    title: str
    names: Sequence[str]
    values: NDArray[np.float64]


def heat_maps(bands: Sequence[Band], *, begins: str, ends: str, alt: str) -> Picture:
    """A picture of maps, one below the other, over the same time.

    Args:
        bands: The maps.
        begins: What stands below the first column.
        ends: And below the last.
        alt: The same in one sentence.
    """
    tops: list[float] = []
    height = 0.0
    for band in bands:
        tops.append(height)
        height += _TOP + _height(band) + _BOTTOM
    drawing = h.svg(
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {height:g}",
        width=_WIDTH,
        height=f"{height:g}",
    )[
        h.style[Markup(_STYLE)],
        _Element("rect", class_="ground", width=_WIDTH, height=f"{height:g}"),
        [_band(band, top, begins, ends) for band, top in zip(bands, tops, strict=True)],
    ]
    return Picture(str(drawing), alt, _WIDTH, round(height))


def scale_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """The powers of ten between which magnitudes are told apart: of nearly all, two at least."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not sizes.size:
        return -_LEAST_DECADES, 0
    low, high = np.log10(np.quantile(sizes, [0.01, 0.99]))
    middle, half = (low + high) / 2, max(high - low, _LEAST_DECADES) / 2
    return middle - half, middle + half


def _Element(name: str, **attributes: object) -> h.Renderable:  # noqa: N802 - makes one
    kept = {key.rstrip("_"): str(value) for key, value in attributes.items()}
    return h.Element(name)(kept)


def _height(band: Band) -> float:
    return len(band.names) * _row(band)


def _row(band: Band) -> float:
    return max(min(_LARGEST_ROW, _MOST_HEIGHT / max(len(band.names), 1)), 1.0)


def _band(band: Band, top: float, begins: str, ends: str) -> list[h.Node]:
    height, width = _height(band), _WIDTH - _LEFT - _RIGHT
    below = top + _TOP + height + 15
    low, high = scale_of(band.values)
    legend = f"pale {tiny(10**low)} or less, dark {tiny(10**high)} or more, red: not finite"
    return [
        _text(band.title, _RIGHT, top + 22, "title"),
        _text(legend, _WIDTH - _RIGHT, top + 22, "soft", "end"),
        _Element(
            "image",
            class_="map",
            x=_LEFT,
            y=top + _TOP,
            width=width,
            height=f"{height:g}",
            preserveAspectRatio="none",
            href=f"data:image/png;base64,{_png(band, low, high)}",
        ),
        *_names(band, top + _TOP),
        _text(begins, _LEFT, below, "soft"),
        _text(ends, _WIDTH - _RIGHT, below, "soft", "end"),
    ]


def _names(band: Band, top: float) -> Iterator[h.Node]:
    """The names of the rows; of many, so many as can be read."""
    row = _row(band)
    each = math.ceil(_LETTER / row)
    for number in range(0, len(band.names), each):
        name = abridge(printable(band.names[number]), _LONGEST_NAME)
        yield _text(name, _LEFT - 8, top + number * row + max(row, _LETTER) / 2 + 4, "soft", "end")


def _text(text: str, x: float, y: float, kind: str, anchor: str = "start") -> h.Node:
    words = {"class": kind, "x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor}
    return h.Element("text")(words)[text]


def _png(band: Band, low: float, high: float) -> str:
    shades = [_mixed(number / (_SHADES - 1)) for number in range(_SHADES)]
    with np.errstate(divide="ignore", invalid="ignore"):
        places = (np.log10(np.abs(band.values)) - low) / (high - low)
    pixels = np.rint(np.clip(np.nan_to_num(places), 0, 1) * (_SHADES - 1)).astype(np.uint8)
    pixels[np.isnan(band.values)] = _SHADES
    pixels[np.isinf(band.values)] = _SHADES + 1
    picture = palette_png(pixels, [*shades, _UNKNOWN, _BROKEN], clear=_SHADES)
    return base64.b64encode(picture).decode("ascii")


def _mixed(share: float) -> Colour:
    """The colour so far along the stops."""
    at = share * (len(_STOPS) - 1)
    before = min(int(at), len(_STOPS) - 2)
    pairs = zip(_STOPS[before], _STOPS[before + 1], strict=True)
    red, green, blue = (round(one + (at - before) * (two - one)) for one, two in pairs)
    return red, green, blue
