"""A document as plain text, 80 columns wide or less; in colour where someone asks for it."""

from __future__ import annotations

import io
import os
from dataclasses import replace

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from dlmagic.display.grid import Cell, Grid, GridColumn
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
from dlmagic.display.seams import ways_to_break
from dlmagic.display.terminal import WIDTH, Alphabet, page_width, spelled

_STYLES = {
    "plain": "",
    "strong": "bold",
    "good": "bold green",
    "bad": "bold red",
    "muted": "dim",
    "code": "cyan",
}
_ROLES = {"answer": "", "alert": "bold red", "plain": "", "note": "dim"}

_FOLDED_NAME = 16  # characters; the name of a row is folded before a table is split
_WHOLE_NAME = 32  # characters; once a table is split, names up to here are not folded as well


def render(document: Document, *, colour: bool = False, width: int | None = None) -> str:
    """The document as text without empty lines around it.

    Args:
        document: What to say.
        colour: Whether to use the sixteen colours of a terminal. The environment
            variable ``NO_COLOR`` overrules it (https://no-color.org).
        width: Columns; lines are broken between words. By default as many as a terminal has,
            80 at most.
    """
    alphabet = Alphabet()
    if not alphabet.is_complete:
        return _rendered(spelled(document, alphabet), colour, width).translate(alphabet)
    return _rendered(document, colour, width)


def _rendered(document: Document, colour: bool, width: int | None) -> str:
    width = page_width() if width is None else width
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
        text.append(_words(span), style=_STYLES[span.tone])
    return text


def _words(span: Span) -> str:
    """Without a typewriter face, backticks tell code from prose."""
    words = printable(span.text)
    return f"`{words}`" if span.tone == "code" else words


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
    names = min(_least_column(table, 0), _FOLDED_NAME)
    if len(table.columns) <= 2 or names + _beside_names(table, len(table.columns)) <= width:
        return [table]
    whole = max([names, *(cell_len(printable(row[0].text)) for row in table.rows)])
    widest = max(_least_column(table, k) for k in range(1, len(table.columns)))
    fits = whole <= _WHOLE_NAME and whole + 2 + widest <= width
    return _split(table, width, whole if fits else names)


def _split(table: Table, width: int, names: int) -> list[Table]:
    """Tables in each of which the names have so much room, as far as one column fits beside."""
    fitting = len(table.columns)
    while fitting > 2 and names + _beside_names(table, fitting) > width:
        fitting -= 1
    if fitting == len(table.columns):
        return [table]
    others = tuple((row[0], *row[fitting:]) for row in table.rows)
    first = replace(
        table,
        columns=table.columns[:fitting],
        rows=tuple(row[:fitting] for row in table.rows),
    )
    more = replace(table, columns=(table.columns[0], *table.columns[fitting:]), rows=others)
    return [first, *_split(more, width, names)]


def _beside_names(table: Table, columns: int) -> int:
    """The width of the first columns but names, when words wrap and numbers do not."""
    return sum(_least_column(table, k) for k in range(1, columns)) + 2 * (columns - 1)


def _least_column(table: Table, index: int) -> int:
    cells = [printable(row[index].text) for row in table.rows]
    heading = printable(table.columns[index].title).split()
    words = cells if table.columns[index].numeric else [w for cell in cells for w in cell.split()]
    return max(map(cell_len, [*heading, *words]), default=0)


def _grid(table: Table, width: int) -> Grid:
    """The table; where it is too wide, the names of its rows break at their seams."""
    names, *others = (_column(table, k) for k in range(len(table.columns)))
    empty = replace(names, title="", cells=())
    room = width - Grid([empty, *others]).width
    for words in ways_to_break([cell.words for cell in names.cells], room):
        cells = [replace(cell, words=way) for cell, way in zip(names.cells, words, strict=True)]
        grid = Grid([replace(names, cells=cells), *others])
        if grid.width <= width:
            return grid
    return grid


def _column(table: Table, index: int) -> GridColumn:
    spans = [row[index] for row in table.rows]
    column = table.columns[index]
    cells = [Cell(_words(span), _STYLES[span.tone]) for span in spans]
    return GridColumn(column.title, column.numeric, cells)
