"""A table as text: rich sets widths, headings and rules, and each column is one cell of its table.

For rich, each cell is a document of its own, which takes a third of a millisecond. Most cells
are one line that fits; they are set here, and only the others are broken by rich.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from dlmagic.display.parts import printable

_NARROW = 7  # characters; a heading is not broken to be narrower than this
_BETWEEN = 2  # characters between two columns

Line = list[Segment]


@dataclass(frozen=True)
class Cell:
    """Words of one style."""

    words: str
    style: str

    def lines(self, console: Console, options: ConsoleOptions) -> list[Line]:
        """The words in lines that fit."""
        # Marks that stand above letters have no width, but rich counts characters, too.
        if max(cell_len(self.words), len(self.words)) > options.max_width or _breaks(self.words):
            return list(Segment.split_lines(console.render(self.text, options)))
        style = console.get_style(self.style)
        if options.justify != "right":
            return [[Segment(self.words, style)]]
        words = self.words.rstrip()
        return [[Segment(" " * (options.max_width - cell_len(words))), Segment(words, style)]]

    @property
    def text(self) -> Text:
        """The words as rich has them."""
        text = Text(overflow="fold")
        return text.append(self.words, style=self.style)


def _breaks(words: str) -> bool:
    return "\n" in words or "\t" in words


@dataclass(frozen=True)
class GridColumn:
    """Cells below each other.

    Attributes:
        title: The heading.
        numeric: Whether it has numbers, which are set to the right and not broken.
        cells: Below the heading.
    """

    title: str
    numeric: bool
    cells: Sequence[Cell]

    @cached_property
    def heading(self) -> Text:
        """In lines that are no wider than the cells below, where its words allow."""
        words = printable(self.title)
        longest = max(map(len, words.split()), default=0)
        return Text(textwrap.fill(words, max(self.widest_cell, longest, _NARROW)), style="bold")

    @cached_property
    def widest(self) -> int:
        """Characters of the longest line, heading included."""
        return max(self.widest_cell, *map(cell_len, self.heading.plain.splitlines()), 0)

    @cached_property
    def widest_cell(self) -> int:
        """Characters of the longest line of a cell."""
        lines = (line for cell in self.cells for line in cell.words.splitlines())
        return max(map(cell_len, lines), default=0)

    @cached_property
    def longest_word(self) -> int:
        """Characters of the longest word of a cell."""
        return max(
            (cell_len(word) for cell in self.cells for word in cell.words.split()), default=0
        )


class _Column:
    """A column as rich has it: one cell, which learns its width when it is shown without lines."""

    def __init__(self, content: GridColumn) -> None:
        self.content = content
        self.lines: list[Line] = []
        self._options: ConsoleOptions | None = None

    def cells(self, console: Console) -> list[list[Line]]:
        """The lines of each cell; none where rich has left no room for the column."""
        if self._options is None:
            return [[] for _ in self.content.cells]
        return [cell.lines(console, self._options) for cell in self.content.cells]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.content.longest_word, self.content.widest_cell)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self._options = options
        for line in self.lines:
            yield from line
            yield Segment.line()


@dataclass(frozen=True)
class Grid:
    """Columns side by side, as rich shows them."""

    columns: Sequence[GridColumn]

    @property
    def width(self) -> int:
        """Characters of a line in which nothing is broken."""
        return sum(each.widest for each in self.columns) + _BETWEEN * (len(self.columns) - 1)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = [_Column(each) for each in self.columns]
        table = _table(columns)
        if any(each.cells for each in self.columns):
            table.add_row(*columns)
            console.render_lines(table, options)
            rows = list(zip(*(each.cells(console) for each in columns), strict=True))
            for column, lines in zip(columns, _by_column(rows), strict=False):
                column.lines = lines
        yield table


def _table(columns: Sequence[_Column]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for each in columns:
        numeric = each.content.numeric
        table.add_column(
            each.content.heading,
            justify="right" if numeric else "left",
            no_wrap=numeric,
            overflow="fold",
        )
    return table


def _by_column(rows: Sequence[tuple[list[Line], ...]]) -> Iterator[list[Line]]:
    """All lines of each column; beside a cell of several lines, the others get empty ones."""
    high = (zip_longest(*row, fillvalue=[]) for row in rows)
    return map(list, zip(*(line for row in high for line in row), strict=True))
