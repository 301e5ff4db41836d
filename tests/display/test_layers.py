"""Boxes in layers: edges lead down, boxes of one layer do not touch."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dlmagic.display.layers import lay_out


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, float], list[tuple[str, str]]]:
    count = draw(st.integers(1, 25))
    widths = {f"n{k}": float(draw(st.integers(10, 200))) for k in range(count)}
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = {(f"n{a}", f"n{b}") for a, b in draw(st.lists(pairs, max_size=50)) if a < b}
    return widths, sorted(edges)


@given(graphs())
def test_edges_lead_down_and_boxes_stay_apart(
    graph: tuple[dict[str, float], list[tuple[str, str]]],
) -> None:
    widths, edges = graph
    layout, ways = lay_out(widths, edges)
    ranks = {name: rank for rank, layer in enumerate(layout.layers) for name in layer}
    assert set(widths) <= set(ranks)
    for edge in edges:
        steps = [ranks[name] for name in ways[edge]]
        assert all(lower == upper + 1 for upper, lower in pairwise(steps))
        assert (ways[edge][0], ways[edge][-1]) == edge
    for layer in layout.layers:
        own = [name for name in layer if name in widths]
        for left, right in pairwise(own):
            free = layout.middles[right] - layout.middles[left]
            assert free >= (widths[left] + widths[right]) / 2 - 1e-6
    for name, width in widths.items():
        assert layout.middles[name] - width / 2 >= -1e-6
        assert layout.middles[name] + width / 2 <= layout.width + 1e-6


def test_a_chain_is_straight_and_an_input_stands_right_above_its_use() -> None:
    widths = dict.fromkeys(["x", "late", "a", "b", "c"], 50.0)
    edges = [("x", "a"), ("a", "b"), ("b", "c"), ("late", "c")]
    layout, _ = lay_out(widths, edges)
    assert [sorted(layer) for layer in layout.layers] == [["x"], ["a"], ["b", "late"], ["c"]]
    assert layout.middles["x"] == layout.middles["a"]
