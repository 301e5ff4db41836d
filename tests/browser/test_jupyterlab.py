"""The quickstart as a newcomer sees it: JupyterLab, a browser, light and dark."""

from __future__ import annotations

from typing import Any

import pytest
from nbformat.v4 import new_code_cell

from tests.browser.pictures import keep
from tests.browser.reader import (
    END,
    RESULTS,
    open_notebook,
    run_all_cells,
    show_in,
    wait_for,
)
from tests.browser.server import Workplace
from tests.notebooks.prepared import GRAPHMODE, prepared, shortened_quickstart

pytestmark = pytest.mark.browser


def benchmarks(notebook: Any) -> int:
    """How many cells of a notebook show the result of a benchmark."""
    firsts = [cell.source.partition("\n")[0] for cell in notebook.cells]
    return sum(first.startswith("%%dlbench") and " -q" not in first for first in firsts)


def with_end(notebook: Any) -> Any:
    """The notebook with a last cell that says when it is done."""
    notebook.cells.append(new_code_cell(END))
    return notebook


@pytest.mark.prove
def test_the_quickstart_runs_and_shows_its_tables(lab: Workplace, page: Any) -> None:
    notebook = shortened_quickstart()
    lab.put("quickstart.ipynb", with_end(notebook))
    open_notebook(page, lab.lab("quickstart.ipynb"))
    run_all_cells(page)
    tables_are_shown(page, benchmarks(notebook))


def test_the_saved_quickstart_shows_its_tables(
    executed_quickstart: Any, lab: Workplace, page: Any
) -> None:
    lab.put("quickstart.ipynb", executed_quickstart)
    lab.trust("quickstart.ipynb")
    open_notebook(page, lab.lab("quickstart.ipynb"), kernel=False)
    tables_are_shown(page, benchmarks(executed_quickstart))


def tables_are_shown(page: Any, count: int) -> None:
    tables = page.locator(f"{RESULTS} table")
    tables.first.wait_for()
    assert tables.count() == count
    for table in tables.all():
        assert "Time per call over" in table.locator("caption").inner_text()
        assert table.locator("thead th[scope=col]").count() >= 3
        assert table.locator("tbody th[scope=row]").count() >= 2
    for picture in page.locator(".dlm img").all():
        assert picture.evaluate("image => image.naturalWidth") > 0


def test_a_notebook_that_is_run_draws_its_graphs(lab: Workplace, page: Any) -> None:
    lab.put("graphmode.ipynb", with_end(prepared(GRAPHMODE)))
    open_notebook(page, lab.lab("graphmode.ipynb"))
    run_all_cells(page)
    graphs_are_drawn(page)


def test_graphs_are_drawn_light_and_dark(
    executed_graphmode: Any, lab: Workplace, page: Any
) -> None:
    lab.put("graphmode.ipynb", executed_graphmode)
    lab.trust("graphmode.ipynb")
    open_notebook(page, lab.lab("graphmode.ipynb"), kernel=False)
    graphs_are_drawn(page)


def graphs_are_drawn(page: Any) -> None:
    pictures = page.locator(f"{RESULTS} img")
    reports = page.locator(RESULTS)
    wait_for(page, lambda: pictures.count() == reports.count() == 7)
    for picture in pictures.all():
        assert picture.evaluate("image => image.naturalWidth") > 300
        assert picture.get_attribute("alt")
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        for name, result in {"graphmode": reports.nth(2), "autograd": reports.nth(5)}.items():
            keep(result, f"{name}-{scheme}")
    fold = reports.first.locator("details").first
    fold.locator("summary").click()
    assert fold.locator("table").is_visible()
