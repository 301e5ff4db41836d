"""Where the boxes of a directed graph without cycles go: in layers, from the top down.

The steps are those of Sugiyama, Tagawa and Toda (IEEE Transactions on Systems, Man, and
Cybernetics 11, 1981): layers by the longest path, places in them by the barycentre of a box's
neighbours, positions as near to these as the widths allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

_SWEEPS = 4
_GAP = 18.0


@dataclass
class Layout:
    """Boxes in layers.

    Attributes:
        layers: Names of the boxes, from the top, each layer from the left. A box whose edge
            passes through a layer has a stand-in there, see :func:`lay_out`.
        middles: The horizontal middle of each box, in pixels from the left.
        width: Of the whole, in pixels.
    """

    layers: list[list[str]]
    middles: dict[str, float] = field(default_factory=dict)
    width: float = 0.0


def lay_out(
    widths: Mapping[str, float], edges: Sequence[tuple[str, str]]
) -> tuple[Layout, dict[tuple[str, str], list[str]]]:
    """Place boxes so that edges lead down, and rarely cross.

    Args:
        widths: Pixels of each box, in an order in which every edge leads from an earlier box to
            a later one.
        edges: From and to which box.

    Returns:
        The layout; and for each edge the boxes on its way, the stand-ins in between included.
    """
    ranks = _ranks(list(widths), edges)
    ways = {edge: _way(edge, ranks) for edge in edges}
    layers = _initial_layers(ranks, ways)
    above, below = _neighbours(ways.values())
    for sweep in range(_SWEEPS):
        towards = above if sweep % 2 == 0 else below
        _sort_layers(layers if sweep % 2 == 0 else layers[::-1], towards)
    layout = Layout(layers)
    _place(layout, {**dict.fromkeys(above, 6.0), **dict.fromkeys(below, 6.0), **widths}, above)
    return layout, ways


def _ranks(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each box: one below the lowest box that leads to it.

    A box that nothing leads to stands right above the first that it leads to.
    """
    into: dict[str, list[str]] = {name: [] for name in names}
    out: dict[str, list[str]] = {name: [] for name in names}
    for start, end in edges:
        into[end].append(start)
        out[start].append(end)
    ranks: dict[str, int] = {}
    for name in names:
        ranks[name] = max((ranks[start] + 1 for start in into[name]), default=0)
    for name in names:
        if not into[name] and out[name]:
            ranks[name] = min(ranks[end] for end in out[name]) - 1
    return ranks


def _way(edge: tuple[str, str], ranks: Mapping[str, int]) -> list[str]:
    """The boxes on an edge's way, with a stand-in for each layer that it passes through."""
    start, end = edge
    between = range(ranks[start] + 1, ranks[end])
    return [start, *(f"{start}\0{rank}" for rank in between), end]


def _initial_layers(
    ranks: Mapping[str, int], ways: Mapping[tuple[str, str], list[str]]
) -> list[list[str]]:
    layers: list[dict[str, None]] = [{} for _ in range(max(ranks.values(), default=-1) + 1)]
    for name, rank in ranks.items():
        layers[rank][name] = None
    for (start, _), way in ways.items():
        for step, name in enumerate(way[1:-1], ranks[start] + 1):
            layers[step][name] = None  # edges from one box share their stand-ins
    return [list(layer) for layer in layers]


def _neighbours(
    ways: Iterable[Sequence[str]],
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for way in ways:
        for upper, lower in pairwise(way):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    return above, below


def _sort_layers(layers: Sequence[list[str]], towards: Mapping[str, Sequence[str]]) -> None:
    """Sort each layer by the mean place of its neighbours in the layer before."""
    for before, layer in pairwise(layers):
        places = {name: place for place, name in enumerate(before)}
        own = {name: place for place, name in enumerate(layer)}

        def barycentre(
            name: str, places: dict[str, int] = places, own: dict[str, int] = own
        ) -> float:
            found = [places[other] for other in towards.get(name, ()) if other in places]
            return sum(found) / len(found) if found else float(own[name])

        layer.sort(key=barycentre)


def _place(layout: Layout, widths: Mapping[str, float], above: Mapping[str, Sequence[str]]) -> None:
    """Give each box a middle: under its neighbours, as far as the boxes beside it leave room."""
    middles = layout.middles
    for layer in layout.layers:
        wanted = [_wanted(name, above, middles) for name in layer]
        edge = 0.0
        for name, wish in zip(layer, wanted, strict=True):
            half = widths.get(name, 6.0) / 2
            middles[name] = max(edge + half, wish if wish is not None else edge + half)
            edge = middles[name] + half + _GAP
        _shift(layer, wanted, middles)
    left = min((middles[n] - widths.get(n, 6.0) / 2 for n in middles), default=0.0)
    for name in middles:
        middles[name] -= left
    layout.width = max((middles[n] + widths.get(n, 6.0) / 2 for n in middles), default=0.0)


def _wanted(
    name: str, above: Mapping[str, Sequence[str]], middles: Mapping[str, float]
) -> float | None:
    found = [middles[other] for other in above.get(name, ()) if other in middles]
    return sum(found) / len(found) if found else None


def _shift(layer: Sequence[str], wanted: Sequence[float | None], middles: dict[str, float]) -> None:
    """Move a whole layer, so that its boxes lie as much left as right of where they belong."""
    apart = [
        wish - middles[name] for name, wish in zip(layer, wanted, strict=True) if wish is not None
    ]
    if apart:
        by = sum(apart) / len(apart)
        for name in layer:
            middles[name] += by
