"""The live view of the devices in JupyterLab: while a cell runs, at its end, and as it is saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.test_jupyterlab import SCREENSHOTS, open_notebook, show_in

pytestmark = pytest.mark.browser

CELLS = (
    "from dlmagic.magics.gpus.live.session import live\nlive(1)",
    "import time\nprint('the cell', 'has begun')\ntime.sleep(25)\nprint('the cell', 'has ended')",
)


def put_notebook(folder: Path, *cells: str) -> Path:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=[new_code_cell(text) for text in cells], metadata=kernel)
    nbformat.write(notebook, folder / "live.ipynb")
    return folder / "live.ipynb"


def run_all(page: Any) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def points(page: Any) -> int:
    """How many readings the first curve shows."""
    drawn = page.locator(".dlm-live svg path:not(.dlm-area)").first.get_attribute("d") or ""
    return drawn.count("L") + drawn.count("M")


def saved(page: Any, file: Path) -> Any:
    before = file.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    for _ in range(100):
        if file.stat().st_mtime_ns != before:
            break
        page.wait_for_timeout(100)
    return json.loads(file.read_text())


def test_try(lab: str, page: Any, tmp_path: Path) -> None:
    file = put_notebook(tmp_path / "notebooks", *CELLS)
    page.on("console", lambda m: print("console", m.text[:300]) if m.type in ("error",) else None)
    open_notebook(page, lab, file.name)
    run_all(page)
    view = page.locator(".jp-OutputArea-output .dlm-live")
    view.wait_for()
    page.get_by_text("the cell has begun", exact=True).wait_for()
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for _ in range(6):
        print(points(page), view.inner_text().replace("\n", " | ")[:400])
        page.wait_for_timeout(1000)
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        page.screenshot(path=SCREENSHOTS / f"live-{scheme}.png")
    view.get_by_role("button").click()
    import time
    t = time.time()
    page.wait_for_timeout(3000)
    print("after click", page.locator(".dlm-live").count(), page.get_by_text("the cell has ended", exact=True).count())
    page.screenshot(path=SCREENSHOTS / "live-stopping.png")
    page.locator(".dlm-live").wait_for(state="detached", timeout=60000)
    print("gone after", time.time() - t, page.get_by_text("the cell has ended", exact=True).count())
    page.screenshot(path=SCREENSHOTS / "live-ended.png")
    notebook = saved(page, file)
    print(json.dumps(notebook)[:6000])
