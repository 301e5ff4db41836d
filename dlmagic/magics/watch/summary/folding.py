"""Which rows of a summary are shown, and which are folded away: deep ones, and many alike."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from dlmagic.display.units import count
from dlmagic.magics.watch.summary.result import LayerCall

_CALLS_SHOWN = 3
_FITTING = 40
_MOST = 100


@dataclass(frozen=True)
class Line:
    """A row as it is shown.

    Attributes:
        row: The row; of many calls together, with the sums of their figures.
        label: The layer's name, without what the row above it says already.
        indent: How deep it is inside of the table's first row.
        hidden: How many rows are inside that the table does not show.
        calls: Which calls of the layer it is, where there are several; begins with a comma.
        shapes: How many shapes of outputs its calls have.
    """

    row: LayerCall
    label: str
    indent: int
    hidden: int = 0
    calls: str = ""
    shapes: int = 1


@dataclass(frozen=True)
class Block:
    """Rows inside of one that are folded away.

    Attributes:
        layers: The rows that they are inside of; of several that are alike, the first is shown.
        lines: The rows.
        more: How many rows are left out.
    """

    layers: tuple[LayerCall, ...]
    lines: tuple[Line, ...]
    more: int = 0


@dataclass(frozen=True)
class Folded:
    """A summary in pieces.

    Attributes:
        lines: What the table shows.
        more: How many rows of its depth it leaves out.
        blocks: What is folded away.
    """

    lines: tuple[Line, ...]
    more: int
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class _Branch:
    row: LayerCall
    inside: tuple[_Branch, ...]
    last: int = 0  # of many calls together, the number of the last one
    shapes: int = 1  # of these, how many shapes of outputs there are

    def all(self) -> Iterator[_Branch]:
        yield self
        for branch in self.inside:
            yield from branch.all()


def fold(rows: Sequence[LayerCall], depth: int | None) -> Folded:
    """Choose what to show.

    Args:
        rows: All rows of a summary.
        depth: How deep to go; None for as deep as a page allows.
    """
    root = _tree(rows)
    everything = list(root.all())
    deepest = depth if depth is not None else _depth_that_fits(everything)
    lines = tuple(_lines(root, deepest))
    blocks = tuple(_blocks([b for b in everything if b.row.depth == deepest and b.inside]))
    return Folded(lines[:_MOST], max(0, len(lines) - _MOST), blocks)


def _depth_that_fits(branches: Sequence[_Branch]) -> int:
    deepest = max(branch.row.depth for branch in branches)
    fitting = (
        d for d in range(deepest, 1, -1) if sum(b.row.depth <= d for b in branches) <= _FITTING
    )
    return next(fitting, 1)


def _tree(rows: Sequence[LayerCall]) -> _Branch:
    inside: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        inside.setdefault(row.parent, []).append(place)

    def branch(place: int) -> _Branch:
        return _Branch(rows[place], tuple(_gathered([branch(k) for k in inside.get(place, ())])))

    return branch(0)


def _gathered(branches: Sequence[_Branch]) -> Iterator[_Branch]:
    """Of many calls of one layer, the first has the parameters, and the others become one row."""
    calls: dict[str, list[LayerCall]] = {}
    for branch in branches:
        calls.setdefault(branch.row.layer, []).append(branch.row)
    for branch in branches:
        rows = calls[branch.row.layer]
        later = [row for row in rows if row.call > 1]
        few = len(later) < 2 or rows[-1].call <= _CALLS_SHOWN
        if few or branch.row.call <= 1:
            yield branch
        elif branch.row is later[0]:
            shapes = len({row.outputs for row in later})
            yield _Branch(_together(later), (), later[-1].call, shapes)


def _together(rows: Sequence[LayerCall]) -> LayerCall:
    return replace(
        rows[0],
        flops=_sum(rows, lambda row: row.flops),
        flops_backward=_sum(rows, lambda row: row.flops_backward),
        activation_bytes=_whole(_sum(rows, lambda row: row.activation_bytes)),
        forward_seconds=_sum(rows, lambda row: row.forward_seconds),
        backward_seconds=_sum(rows, lambda row: row.backward_seconds),
    )


def _sum(rows: Sequence[LayerCall], value: Callable[[LayerCall], float | None]) -> float | None:
    known = [found for row in rows if (found := value(row)) is not None]
    return sum(known) if known else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _lines(branch: _Branch, deepest: int, indent: int = 0, above: str = "") -> Iterator[Line]:
    row = branch.row
    folded = row.depth >= deepest
    hidden = sum(1 for _ in branch.all()) - 1 if folded else 0
    yield Line(row, _label(row.layer, above), indent, hidden, _calls(branch), branch.shapes)
    for inner in () if folded else branch.inside:
        yield from _lines(inner, deepest, indent + 1, row.layer)


def _label(layer: str, above: str) -> str:
    return layer.removeprefix(f"{above}.") if above else layer


def _calls(branch: _Branch) -> str:
    row = branch.row
    if branch.last:
        return f", calls {count(row.call)}–{count(branch.last)}"
    return f", call {row.call}" if row.calls > 1 else ""


def _blocks(branches: Sequence[_Branch]) -> Iterator[Block]:
    alike: dict[Hashable, list[_Branch]] = {}
    for branch in branches:
        alike.setdefault(_form(branch), []).append(branch)
    room = _MOST
    for same in alike.values():
        first = same[0]
        lines = [
            line
            for inner in first.inside
            for line in _lines(inner, first.row.depth + _MOST, 0, first.row.layer)
        ]
        shown, room = tuple(lines[:room]), max(0, room - len(lines))
        yield Block(tuple(b.row for b in same), shown, len(lines) - len(shown))


def _form(branch: _Branch) -> Hashable:
    """What makes two parts of a model alike: everything but names and times."""
    start = branch.row.depth
    return tuple(
        (b.row.kind, b.row.depth - start, b.row.outputs, b.row.parameters, b.row.flops, b.row.call)
        for b in branch.all()
    )
