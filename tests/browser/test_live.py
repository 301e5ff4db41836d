"""The live view of the devices in JupyterLab: while a cell runs, hidden, reloaded, at its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pictures import keep
from tests.browser.reader import (
    KERNEL_IS_READY,
    RESULTS,
    open_notebook,
    run_cell,
    saved,
    show_in,
    wait_for,
)
from tests.browser.seen import barriers
from tests.browser.server import Workplace
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
def played(tmp_path: Path) -> Iterator[Machine]:
    """A machine with eight GPUs."""
    boards = [Board(used=k * 9 * GIB, utilization=12 * k, temperature=35 + 5 * k) for k in range(8)]
    played = Machine(tmp_path, boards)
    yield played
    played.close()


@pytest.fixture
def notebook(played: Machine, libraries: Libraries, lab: Workplace, page: Any) -> Path:
    """A notebook on that machine, which is open in the page: a live view and some work."""
    environment = played.environment(libraries.of("580"))
    own = {name: environment[name] for name in ("FAKE_NVML", "LD_LIBRARY_PATH")}
    file = lab.write("live.ipynb", SHOW, WORK, kernel=lab.kernel_with(own))
    open_notebook(page, lab.lab(file.name))
    return file


def run_cells(page: Any, cells: int) -> Any:
    """Run so many cells; the view."""
    for number in range(cells):
        run_cell(page, number)
    view = page.locator(f"{RESULTS}-live")
    view.wait_for()
    return view


def points(view: Any) -> int:
    """How many readings the first curve shows."""
    drawn = view.locator("svg path:not(.dlm-area)").first.get_attribute("d") or ""
    return drawn.count("L") + drawn.count("M")


def colour(view: Any) -> str:
    return str(view.evaluate("view => getComputedStyle(view).color"))


def test_it_changes_while_a_cell_runs_and_leaves_a_table(
    notebook: Path, played: Machine, page: Any
) -> None:
    view = run_cells(page, 2)
    page.get_by_text("work has begun", exact=True).wait_for()
    before = points(view)
    wait_for(page, lambda: points(view) >= before + 2)
    played.change(0, temperature=88)
    view.get_by_text("88 °C").wait_for(timeout=8000)
    assert page.locator(".jp-InputPrompt").nth(1).inner_text() == "[*]:"  # it still runs
    assert view.locator("tbody th[scope=row]").count() == 8
    assert view.locator("svg").first.get_attribute("aria-label").startswith("memory lately: ")
    colours = set()
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        colours.add(colour(view))
        assert not barriers(page, f"{RESULTS}-live")
        keep(view, f"gpus-live-{scheme}")
    assert len(colours) == 2

    view.get_by_role("button").click()
    view.wait_for(state="detached")
    assert page.locator(".jp-InputPrompt").nth(1).inner_text() == "[*]:"  # it still runs
    page.locator(f"{RESULTS} table").first.wait_for()
    document = saved(page, notebook)
    (output,) = document["cells"][0]["outputs"]
    assert set(output["data"]) == {"text/plain", "text/html"}
    assert "88 °C" in "".join(output["data"]["text/plain"])
    assert "widgets" not in document["metadata"]


def test_nothing_is_read_for_a_hidden_page_and_a_reloaded_one_has_the_past(
    notebook: Path, played: Machine, page: Any
) -> None:
    view = run_cells(page, 1)
    wait_for(page, lambda: points(view) >= 4)
    played.forget_calls()
    page.evaluate(HIDE, "hidden")
    wait_for(page, lambda: played.calls("nvmlShutdown"))
    played.forget_calls()
    page.wait_for_timeout(2500)  # that nothing happens is only seen when time has passed
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
    wait_for(page, lambda: played.calls("nvmlShutdown"))
    assert "widgets" not in saved(page, notebook)["metadata"]


def test_two_notebooks_each_have_their_own(
    played: Machine, notebook: Path, lab: Workplace, page: Any
) -> None:
    kernel = json.loads(notebook.read_text())["metadata"]["kernelspec"]["name"]
    lab.write("second.ipynb", SHOW, WORK, kernel=kernel)
    first = run_cells(page, 1)
    first.get_by_text("35 °C").wait_for()
    page.locator(".jp-DirListing-item").filter(has_text="second.ipynb").dblclick()
    page.get_by_role("tab", name="second.ipynb", selected=True).wait_for()
    page.wait_for_function(KERNEL_IS_READY)
    shown = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    second = shown.locator(f"{RESULTS}-live")
    run_cell(page, 0)
    second.get_by_text("35 °C").wait_for()
    played.change(0, temperature=91)
    second.get_by_text("91 °C").wait_for()
    second.get_by_role("button").click()
    second.wait_for(state="detached")
    page.get_by_role("tab", name="live.ipynb").click()
    played.change(0, temperature=55)
    first.get_by_text("55 °C").first.wait_for()


def test_after_a_restart_of_the_kernel_it_says_so(notebook: Path, page: Any) -> None:
    view = run_cells(page, 1)
    wait_for(page, lambda: points(view) >= 2)
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.locator('.lm-Menu-item[data-command="kernelmenu:restart"]').click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    view.get_by_text("the kernel may have ended").wait_for()
