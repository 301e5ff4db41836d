"""A document as plain text, 80 columns wide; in colour where someone asks for it."""

from __future__ import annotations

import io
import os
import re
import textwrap
from dataclasses import replace

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from dlmagic.display.parts import (
    Code,
    Document,
    Fold,
    Notice,
    Part,
    Picture,
    Sentence,
    Span,
    Table,
    printable,
)

WIDTH = 80

_STYLES = {
    "plain": "",
    "strong": "bold",
    "good": "bold green",
    "bad": "bold red",
    "muted": "dim",
    "code": "cyan",
}
_ROLES = {"answer": "", "alert": "bold red", "plain": "", "note": "dim"}
_SEAMS = (re.compile(r"(?<=[/:])(?=\w)"), re.compile(r"(?<=[/:_-])(?=\w)"))

_NARROW = 7  # characters; a heading is not broken to be narrower than this
_FOLDED_NAME = 16  # characters; the name of a row is folded before a table is split
_RULER = Console(file=io.StringIO(), width=10_000, force_jupyter=False, _environ={})


def render(document: Document, *, colour: bool = False, width: int = WIDTH) -> str:
    """The document as text without empty lines around it.

    Args:
        document: What to say.
        colour: Whether to use the sixteen colours of a terminal. The environment
            variable ``NO_COLOR`` overrules it (https://no-color.org).
        width: Columns; lines are broken between words.
    """
    console = Console(
        file=io.StringIO(),
        width=width,
        height=10_000,
        force_terminal=False,
        force_jupyter=False,
        color_system="standard" if colour and not os.environ.get("NO_COLOR") else None,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    shown = [_render(part, width) for part in document.parts if not isinstance(part, Picture)]
    console.print(Group(*shown))
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines()).strip("\n")


def _render(part: Part, width: int) -> RenderableType:
    match part:
        case Sentence():
            return _text(part.spans, _ROLES[part.role])
        case Table():
            return Padding(_table(part, width), (1, 0))
        case Notice():
            return _notice(part)
        case Code():
            return Padding(Text(printable(part.text), style="cyan"), (0, 0, 0, 4))
        case Fold() if part.instead:
            return Text(f"{printable(part.summary)}: {printable(part.instead)}")
        case Fold():
            inside = [
                _render(each, width - 2) for each in part.parts if not isinstance(each, Picture)
            ]
            return Group(Text(printable(part.summary)), Padding(Group(*inside), (0, 0, 0, 2)))
        case Picture():
            return Text()


def _text(spans: tuple[Span, ...], style: str = "") -> Text:
    text = Text(style=style, overflow="fold")
    for span in spans:
        words = printable(span.text)
        # Without a typewriter face, backticks tell code from prose.
        text.append(f"`{words}`" if span.tone == "code" else words, style=_STYLES[span.tone])
    return text


def _notice(part: Notice) -> RenderableType:
    first = _text((Span(part.word, part.tone), Span(": "), *part.spans))
    more: list[RenderableType] = []
    if part.advice:
        more.append(_text(part.advice))
    if part.code is not None:
        more.append(_render(Code(part.code), WIDTH))
    return Group(first, Padding(Group(*more), (0, 0, 0, 2))) if more else first


def _table(table: Table, width: int) -> RenderableType:
    first, *more = (_grid(piece, width) for piece in _pieces(table, width))
    below = (Padding(grid, (1, 0, 0, 0)) for grid in more)
    return Group(Text(printable(table.caption), style="dim"), first, *below)


def _pieces(table: Table, width: int) -> list[Table]:
    """The table, or where its words do not fit side by side, tables with the same row names."""
    fitting = len(table.columns)
    while fitting > 2 and _least_width(table, fitting) > width:
        fitting -= 1
    if fitting == len(table.columns):
        return [table]
    names, rest = table.columns[0], table.columns[fitting:]
    others = tuple((row[0], *row[fitting:]) for row in table.rows)
    first = replace(
        table,
        columns=table.columns[:fitting],
        rows=tuple(row[:fitting] for row in table.rows),
    )
    return [first, *_pieces(replace(table, columns=(names, *rest), rows=others), width)]


def _least_width(table: Table, columns: int) -> int:
    """The width of the first columns when names and words wrap, and numbers do not."""
    widths = [_least_column(table, k) for k in range(columns)]
    return min(widths[0], _FOLDED_NAME) + sum(widths[1:]) + 2 * (columns - 1)


def _least_column(table: Table, index: int) -> int:
    cells = [printable(row[index].text) for row in table.rows]
    heading = printable(table.columns[index].title).split()
    words = cells if table.columns[index].numeric else [w for cell in cells for w in cell.split()]
    return max(map(cell_len, [*heading, *words]), default=0)


def _grid(table: Table, width: int) -> Grid:
    """The table; where it is too wide, the names of its rows break at their seams."""
    for seams in (None, *_SEAMS):
        grid = _filled(table, seams)
        if _measure(grid) <= width:
            return grid
    return grid


def _filled(table: Table, seams: re.Pattern[str] | None) -> Grid:
    grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    rows = [_cells(row, seams) for row in table.rows]
    for k, column in enumerate(table.columns):
        widest = max((_measure(row[k]) for row in rows), default=0)
        grid.add_column(
            _heading(column.title, widest),
            justify="right" if column.numeric else "left",
            no_wrap=column.numeric,
            overflow="fold",
        )
    for row in rows:
        grid.add_row(*row)
    return grid


def _cells(row: tuple[Span, ...], seams: re.Pattern[str] | None) -> list[Text]:
    name, *others = row
    broken = name if seams is None else Span(seams.sub("\n", name.text), name.tone)
    return [_text((cell,)) for cell in (broken, *others)]


def _heading(title: str, widest: int) -> Text:
    """A heading in lines that are no wider than the cells below, where its words allow."""
    words = printable(title)
    longest = max(map(len, words.split()), default=0)
    return Text(textwrap.fill(words, max(widest, longest, _NARROW)), style="bold")


def _measure(renderable: RenderableType) -> int:
    return Measurement.get(_RULER, _RULER.options, renderable).maximum
