"""Every demo notebook as its reader sees it: light and dark, and on a narrow page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell

from tests.browser.pictures import BUILD, keep
from tests.browser.reader import (
    END,
    RESULTS,
    open_notebook,
    run_all_cells,
    show_in,
    trouble,
    wait_for,
)
from tests.browser.seen import barriers, results_of, too_wide
from tests.browser.server import Workplace
from tests.notebooks.prepared import prepared

DEMO_NOTEBOOKS = Path(__file__).parents[2] / "demo_notebooks"
NAMES = sorted(file.name for file in DEMO_NOTEBOOKS.glob("*.ipynb"))
NARROW = {"width": 600, "height": 900}
WIDE = {"width": 1200, "height": 1100}

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session", params=NAMES)
def demo(request: pytest.FixtureRequest, execute: Callable[[Path], Any]) -> tuple[str, Any]:
    """A name, and the notebook with its outputs."""
    if request.param == "quickstart.ipynb":
        return request.param, request.getfixturevalue("executed_quickstart")
    return request.param, execute(DEMO_NOTEBOOKS / request.param)


def errors_of(notebook: Any) -> int:
    """How many cells raise, which they say they do."""
    raising = [
        cell for cell in notebook.cells if "raises-exception" in cell.metadata.get("tags", ())
    ]
    return sum(any(map(_tells_of_an_error, cell.outputs)) for cell in raising)


def _tells_of_an_error(output: Any) -> bool:
    """An error of a magic is one line among what a cell writes."""
    return output.output_type == "error" or output.get("name") == "stderr"


def test_all_of_it_can_be_read(demo: tuple[str, Any], lab: Workplace, page: Any) -> None:
    name, notebook = demo
    lab.put(name, notebook)
    lab.trust(name)
    open_notebook(page, lab.lab(name), kernel=False)
    results = page.locator(RESULTS)
    wait_for(page, lambda: results.count() == len(results_of(notebook)) > 0)
    assert trouble(page).count() == errors_of(notebook)
    for each in results.all():  # the sentence that a result begins with
        assert each.locator("p, .dlm-notice, caption").first.is_visible()
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        assert not barriers(page, RESULTS)
    page.keyboard.press("Control+b")  # the list of files goes, as on any narrow screen
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        assert not too_wide(results)


def test_the_one_about_devices_runs(lab: Workplace, page: Any) -> None:
    notebook = prepared(DEMO_NOTEBOOKS / "gpus.ipynb")
    notebook.cells.append(new_code_cell(END))
    lab.put("gpus.ipynb", notebook)
    open_notebook(page, lab.lab("gpus.ipynb"))
    run_all_cells(page)
    results = page.locator(RESULTS)
    assert results.count() > 0
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        keep(results.first, f"gpus-{scheme}", BUILD)
