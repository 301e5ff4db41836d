"""The quickstart as a newcomer sees it: JupyterLab, a browser, light and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from tests.notebooks.prepared import prepared, shortened_quickstart

ROOT = Path(__file__).parents[2]
GRAPHMODE = ROOT / "demo_notebooks" / "graphmode.ipynb"
SCREENSHOTS = ROOT / "build" / "screenshots"
SECONDS = 180
"""For the whole notebook on a busy machine; it takes a quarter of that."""

TENSORFLOW_IS_LOADED = re.compile("absl::InitializeLog|port.cc|cpu_feature_guard")
"""What TensorFlow writes when it is imported, before anybody could keep it from doing so."""

pytestmark = pytest.mark.browser


def benchmarks(notebook: Any) -> int:
    """How many cells of a notebook show the result of a benchmark."""
    firsts = [cell.source.partition("\n")[0] for cell in notebook.cells]
    return sum(first.startswith("%%dlbench") and " -q" not in first for first in firsts)


def put_graphs(folder: Path) -> None:
    """Copy the notebook about graphs, to say when it is done."""
    notebook = prepared(GRAPHMODE)
    notebook.cells.append(new_code_cell("print('all cells', 'have run')"))
    nbformat.write(notebook, folder / "graphmode.ipynb")


def open_notebook(page: Any, address: str, name: str = "quickstart.ipynb") -> None:
    page.set_default_timeout(60_000)
    page.emulate_media(color_scheme="light")
    page.goto(f"{address}/lab/tree/{name}")
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    # Until the kernel is there, running a cell would ask which kernel to use.
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()


def run_all_cells(page: Any) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    end = page.get_by_text("all cells have run", exact=True)
    kinds = ("error", "stderr")
    shown = page.locator(
        ", ".join(f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in kinds)
    )
    trouble = shown.filter(has_not_text=TENSORFLOW_IS_LOADED)
    end.or_(trouble).first.wait_for(timeout=SECONDS * 1000)
    assert not trouble.all_inner_texts()


def show_in(page: Any, scheme: str) -> None:
    """Let the reader's system ask for light or dark colours."""
    page.emulate_media(color_scheme=scheme)
    light = str(scheme == "light").lower()
    page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def pictured(page: Any) -> dict[str, Any]:
    results = page.locator(".dlm")
    return {"quickstart": results.first, "frameworks": results.filter(has_text="keras-fit").first}


def keep_screenshots(page: Any, scheme: str) -> str:
    """Keep pictures of the first result and the largest one; the colour of the first one's text."""
    show_in(page, scheme)
    for name, result in pictured(page).items():
        result.evaluate("result => result.scrollIntoView({block: 'center'})")
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png")
    result = page.locator(".dlm").first
    return str(result.evaluate("result => getComputedStyle(result).color"))


@pytest.mark.prove
def test_the_quickstart_runs_and_shows_its_tables(lab: str, page: Any, tmp_path: Path) -> None:
    notebook = shortened_quickstart()
    notebook.cells.append(new_code_cell("print('all cells', 'have run')"))
    nbformat.write(notebook, tmp_path / "notebooks" / "quickstart.ipynb")
    open_notebook(page, lab)
    run_all_cells(page)
    tables_are_shown(page, benchmarks(notebook))


def test_the_saved_quickstart_shows_its_tables(
    lab: str, page: Any, tmp_path: Path, executed_quickstart: Any
) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    nbformat.write(executed_quickstart, tmp_path / "notebooks" / "quickstart.ipynb")
    open_notebook(page, lab)
    tables_are_shown(page, benchmarks(executed_quickstart))
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    assert keep_screenshots(page, "light") != keep_screenshots(page, "dark")
    elsewhere = [each for each in addresses if urlsplit(each).hostname not in (None, "127.0.0.1")]
    assert not elsewhere


def tables_are_shown(page: Any, count: int) -> None:
    tables = page.locator(".jp-OutputArea-output .dlm table")
    tables.first.wait_for()
    assert tables.count() == count
    for table in tables.all():
        assert "Time per call over" in table.locator("caption").inner_text()
        assert table.locator("thead th[scope=col]").count() >= 3
        assert table.locator("tbody th[scope=row]").count() >= 2
    for picture in page.locator(".dlm img").all():
        assert picture.evaluate("image => image.naturalWidth") > 0


def test_graphs_are_drawn_light_and_dark(lab: str, page: Any, tmp_path: Path) -> None:
    put_graphs(tmp_path / "notebooks")
    open_notebook(page, lab, "graphmode.ipynb")
    run_all_cells(page)

    pictures = page.locator(".jp-OutputArea-output .dlm img")
    reports = page.locator(".jp-OutputArea-output .dlm")
    assert pictures.count() == reports.count() == 7
    for picture in pictures.all():
        assert picture.evaluate("image => image.naturalWidth") > 300
        assert picture.get_attribute("alt")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        for name, result in {"break": reports.nth(2), "autograd": reports.nth(5)}.items():
            result.evaluate("result => result.scrollIntoView({block: 'start'})")
            page.screenshot(path=SCREENSHOTS / f"graphmode-{name}-{scheme}.png")
    fold = reports.first.locator("details").first
    fold.locator("summary").click()
    assert fold.locator("table").is_visible()
