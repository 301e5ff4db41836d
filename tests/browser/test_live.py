"""The live view of the devices in JupyterLab: while a cell runs, hidden, reloaded, at its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.test_jupyterlab import SCREENSHOTS, open_notebook, show_in
from tests.devices.conftest import libraries
from tests.devices.double.boards import GIB, Board
from tests.devices.double.building import Libraries
from tests.devices.double.machine import Machine

__all__ = ["libraries"]

pytestmark = pytest.mark.browser

WIDGET = "application/vnd.jupyter.widget-view+json"
SHOW = "from dlmagic.magics.gpus.live.session import live, stop\nlive(1)"
WORK = "import time\nprint('work has begun')\ntime.sleep(20)"
HIDE = """state => {
    Object.defineProperty(document, "visibilityState", {configurable: true, get: () => state});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def played(
    libraries: Libraries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Machine]:
    """A machine with eight GPUs, for the kernels of a JupyterLab that is started afterwards."""
    boards = [Board(used=k * 9 * GIB, utilization=12 * k, temperature=35 + 5 * k) for k in range(8)]
    played = Machine(tmp_path, boards)
    for name, value in played.environment(libraries.of("580")).items():
        monkeypatch.setenv(name, value)
    yield played
    played.close()


@pytest.fixture
def notebook(played: Machine, lab: str, page: Any, tmp_path: Path) -> Path:
    """A notebook with a live view and some work, which is open in the page."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [new_code_cell(SHOW), new_code_cell(WORK)]
    file = tmp_path / "notebooks" / "live.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=kernel), file)
    open_notebook(page, lab, file.name)
    return file


def run_cells(page: Any, cells: int) -> Any:
    """Run so many cells; the view."""
    for cell in page.locator(".jp-NotebookPanel .jp-CodeCell .cm-content").all()[:cells]:
        cell.click()
        page.keyboard.press("Shift+Enter")
    view = page.locator(".jp-OutputArea-output .dlm-live")
    view.wait_for()
    return view


def points(view: Any) -> int:
    """How many readings the first curve shows."""
    drawn = view.locator("svg path:not(.dlm-area)").first.get_attribute("d") or ""
    return drawn.count("L") + drawn.count("M")


def saved(page: Any, file: Path) -> Any:
    """The notebook as JupyterLab saves it now."""
    before = file.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    wait_for(page, lambda: file.stat().st_mtime_ns != before and is_whole(file))
    return json.loads(file.read_text())


def is_whole(file: Path) -> bool:
    """Whether it is not just being written."""
    try:
        json.loads(file.read_text())
    except ValueError:
        return False
    return True


def wait_for(page: Any, happened: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end
        page.wait_for_timeout(50)


def colour(view: Any) -> str:
    return str(view.evaluate("view => getComputedStyle(view).color"))


def test_it_changes_while_a_cell_runs_and_leaves_a_table(
    notebook: Path, played: Machine, page: Any
) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    view = run_cells(page, 2)
    page.get_by_text("work has begun", exact=True).wait_for()
    before = points(view)
    wait_for(page, lambda: points(view) >= before + 2)
    played.change(0, temperature=88)
    view.get_by_text("88 °C").wait_for(timeout=8000)
    assert page.locator(".jp-InputPrompt").nth(1).inner_text() == "[*]:"  # it still runs
    assert view.locator("tbody th[scope=row]").count() == 8
    assert view.locator("svg").first.get_attribute("aria-label").startswith("memory lately: ")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    colours = set()
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        colours.add(colour(view))
        page.screenshot(path=SCREENSHOTS / f"live-{scheme}.png")
    assert len(colours) == 2

    view.get_by_role("button").click()
    view.wait_for(state="detached")
    assert page.locator(".jp-InputPrompt").nth(1).inner_text() == "[*]:"  # it still runs
    page.locator(".jp-OutputArea-output .dlm table").first.wait_for(timeout=30_000)
    page.screenshot(path=SCREENSHOTS / "live-ended.png")
    document = saved(page, notebook)
    (output,) = document["cells"][0]["outputs"]
    assert set(output["data"]) == {"text/plain", "text/html"}
    assert "88 °C" in "".join(output["data"]["text/plain"])
    assert "widgets" not in document["metadata"]
    elsewhere = [each for each in addresses if urlsplit(each).hostname not in (None, "127.0.0.1")]
    assert not elsewhere


def test_nothing_is_read_for_a_hidden_page_and_a_reloaded_one_has_the_past(
    notebook: Path, played: Machine, page: Any
) -> None:
    view = run_cells(page, 1)
    wait_for(page, lambda: points(view) >= 4)
    played.forget_calls()
    page.evaluate(HIDE, "hidden")
    wait_for(page, lambda: played.calls("nvmlShutdown"))
    played.forget_calls()
    page.wait_for_timeout(2500)
    assert played.calls() == []
    page.evaluate(HIDE, "visible")
    wait_for(page, lambda: played.calls("nvmlDeviceGetTemperature"))

    document = saved(page, notebook)
    data = document["cells"][0]["outputs"][0]["data"]
    assert WIDGET in data
    assert "1 reading of 8 GPUs" in "".join(data["text/html"])
    before = points(view)
    page.reload()
    view.wait_for()
    assert points(view) >= before
    view.get_by_role("button").focus()
    page.keyboard.press("Enter")
    view.wait_for(state="detached")
    page.screenshot(path=SCREENSHOTS / "live-reloaded-ended.png")
    wait_for(page, lambda: played.calls("nvmlShutdown"))
    assert "widgets" not in saved(page, notebook)["metadata"]
