"""A grid is what rich makes of the same cells, each as a document of its own, in less time."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

from dlmagic.display.grid import Cell, Grid, GridColumn

PIECES = (
    "a",
    "bc ",
    "longer",
    " ",
    "\n",
    "\t",
    "x" * 12,
    "層層",
    "e\u0301",
    "👩\u200d👧",
    "1.2 ms",
    "",
)
WORDS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
CELLS = st.builds(Cell, WORDS, st.sampled_from(["", "bold", "bold red", "dim"]))


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    rows = draw(st.integers(0, 4))
    column = st.builds(
        GridColumn, WORDS, st.booleans(), st.lists(CELLS, min_size=rows, max_size=rows)
    )
    return Grid(draw(st.lists(column, min_size=1, max_size=5)))


def written(what: RenderableType, width: int, colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=False,
        color_system="standard" if colour else None,
        _environ={},
    )
    console.print(what)
    return console.file.getvalue()


def by_rich(grid: Grid) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    for each in grid.columns:
        justify = "right" if each.numeric else "left"
        table.add_column(each.heading, justify=justify, no_wrap=each.numeric, overflow="fold")
    for row in zip(*(column.cells for column in grid.columns), strict=True):
        table.add_row(*(cell.text for cell in row))
    return table


@settings(deadline=None, max_examples=60)
@given(grids(), st.sampled_from([10, 30, 80]), st.booleans())
def test_it_is_what_rich_makes_of_each_cell(grid: Grid, width: int, colour: bool) -> None:
    assert written(grid, width, colour) == written(by_rich(grid), width, colour)


def test_its_width_is_that_of_its_lines() -> None:
    cells = [Cell("ab", ""), Cell("層層層", "")]
    grid = Grid([GridColumn("name", False, cells), GridColumn("a long heading", True, cells)])
    assert grid.width == max(map(len, written(grid, 80).splitlines()))


@pytest.mark.alone
def test_it_takes_much_less_time_than_a_document_for_each_cell() -> None:
    cells = [[Cell(f"word {row} {column}", "") for row in range(25)] for column in range(8)]
    grid = Grid([GridColumn(f"column {k}", k % 2 == 1, each) for k, each in enumerate(cells)])
    document = by_rich(grid)
    # In turns: the machine may change its speed between one of them and the other.
    times = [(seconds(grid), seconds(document)) for _ in range(20)]
    ours, rich = (min(each) for each in zip(*times, strict=True))
    assert ours < rich * 0.7


def seconds(what: RenderableType) -> float:
    begun = time.process_time()
    written(what, 80)
    return time.process_time() - begun
