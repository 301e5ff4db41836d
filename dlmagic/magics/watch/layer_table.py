"""The table of layers: one row each, and what happened over time in characters."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from dlmagic.display.parts import Column, Span, Table, Tone, abridge
from dlmagic.display.units import count, listed, percent
from dlmagic.magics.watch.layer_result import LayerState

NOTHING = "–"

MOST_LAYERS = 300
"""Rows of a table; of more layers, those that are named in a finding are shown first."""

_LONGEST_NAME = 48
_NAMED = 3


def number(value: float | None) -> str:
    """A figure to two digits, at most eight characters long.

    >>> number(0.01234), number(-12345.0), number(3.2e-9), number(None)
    ('0.012', '-12,000', '3.2e-9', '–')
    """
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    mantissa, _, power = f"{value:.1e}".partition("e")
    if value == 0 or -4 < int(power) < 6:
        return _plain(float(f"{value:.1e}"))
    return f"{mantissa}e{int(power)}"


def _plain(value: float) -> str:
    size = abs(value)
    decimals = 0 if size >= 10 or size == 0 else 1 - math.floor(math.log10(size))
    return f"{value:,.{decimals}f}"


@dataclass(frozen=True)
class _Figure:
    """A column."""

    title: str
    value: Callable[[LayerState], str]


def _share(value: float | None) -> str:
    return (
        NOTHING if value is None else "0" if value == 0 else percent(value).replace(" ", "\u202f")
    )


def _spread(layer: LayerState) -> str:
    if layer.activation_mean is None or layer.activation_std is None:
        return NOTHING
    return f"{number(layer.activation_mean)} ± {number(layer.activation_std)}"


_FIGURES = (
    _Figure("activation", _spread),
    _Figure("its gradient", lambda layer: number(layer.activation_gradient)),
    _Figure("gradient norm", lambda layer: number(layer.gradient)),
    _Figure("weight norm", lambda layer: number(layer.weight)),
    _Figure("update ratio", lambda layer: number(layer.update)),
    _Figure("zeros", lambda layer: _share(layer.zeros)),
    _Figure("dead", lambda layer: _share(layer.dead or None)),
    _Figure("NaN, Inf", lambda layer: f"{layer.nan + layer.inf:,}" if _bad(layer) else NOTHING),
    _Figure("calls", lambda layer: f"{layer.calls}x" if layer.calls > 1 else NOTHING),
)


def _bad(layer: LayerState) -> bool:
    return layer.nan + layer.inf > 0


def layers_table(
    layers: Sequence[LayerState],
    caption: str,
    *,
    named: Collection[str] = (),
    courses: Mapping[str, str] | None = None,
) -> Table:
    """The figures of each layer; columns without any are left out.

    Args:
        layers: In the model's order.
        caption: What the table shows.
        named: Layers that are named in a finding.
        courses: What a layer's gradients did over time, in characters.
    """
    shown = fitting(layers, named)
    figures = [
        figure for figure in _FIGURES if any(figure.value(each) != NOTHING for each in shown)
    ]
    heads = [Column(figure.title, numeric=True) for figure in figures]
    course = (
        [Column("gradient over time", numeric=True)] if courses and any(courses.values()) else []
    )
    rows = (_row(layer, figures, named, courses if course else None) for layer in shown)
    return Table(caption, (Column("layer"), Column("type"), *heads, *course), tuple(rows))


def fitting(layers: Sequence[LayerState], named: Collection[str]) -> list[LayerState]:
    """The layers that have a row: of very many those that are named, and the first ones."""
    kept = {layer.layer for layer in layers if layer.layer in named}
    for layer in layers:
        if len(kept) >= MOST_LAYERS:
            break
        kept.add(layer.layer)
    return [layer for layer in layers if layer.layer in kept]


def older_figures(layers: Sequence[LayerState], step: int) -> str:
    """A sentence on layers whose figures are of a step before the table's; empty without any."""
    older = [layer for layer in layers if 0 < layer.step < step]
    if not older:
        return ""
    first, last = (count(find(layer.step for layer in older)) for find in (min, max))
    names = listed([name_of(layer.layer) for layer in older], most=_NAMED)
    were = "was" if len(older) == 1 else "were"
    when = f"at step {last}" if first == last else f"between step {first} and step {last}"
    return f"{names} {were} last measured {when}."


def name_of(layer: str) -> str:
    """A layer's path; the model itself has none."""
    return abridge(layer, _LONGEST_NAME) if layer else "(the model)"


def _row(
    layer: LayerState,
    figures: Sequence[_Figure],
    named: Collection[str],
    courses: Mapping[str, str] | None,
) -> tuple[Span, ...]:
    tone: Tone = "bad" if layer.layer in named or _bad(layer) else "plain"
    values = [Span(figure.value(layer)) for figure in figures]
    course = [] if courses is None else [Span(courses.get(layer.layer, ""))]
    return (Span(name_of(layer.layer), tone), Span(layer.kind), *values, *course)
