"""A training in JupyterLab: watched while its cell runs, stopped, and what is left of it."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

from tests.browser.pictures import keep
from tests.browser.reader import RESULTS, open_notebook, run_cell, saved, show_in, wait_for
from tests.browser.server import Workplace
from tests.browser.training import BUILD, CALMLY, LOAD, TRAIN

pytestmark = pytest.mark.browser

TOLD = "print('ended, longest step:', ended[-1], max(b - a for a, b in zip(ended, ended[1:])))"
PAINTED = 150  # milliseconds from Python to the screen, in 95 of 100
STOPPED = 100  # milliseconds from the button to the last step's end, above a step
LISTEN = """() => {
    window.latencies = [];
    document.addEventListener("click", () => { window.pressed = Date.now(); }, true);
    document.addEventListener("dlmagic-drawn", ({detail}) => {
        if (!detail.sent || detail.sent === window.last) return;
        window.last = detail.sent;
        // What was drawn in this frame is painted before the next one begins.
        requestAnimationFrame(() => window.latencies.push(Date.now() - detail.sent));
    });
}"""


@pytest.fixture
def notebook(lab: Workplace, page: Any) -> Path:
    """A notebook with a training, which is open in the page."""
    return opened(lab, page, CALMLY)


@pytest.fixture
def busy_notebook(lab: Workplace, page: Any) -> Path:
    """One whose training takes a processor for itself."""
    return opened(lab, page, TRAIN)


def opened(lab: Workplace, page: Any, training: str) -> Path:
    file = lab.write("watch.ipynb", LOAD, BUILD, training, TOLD)
    page.set_viewport_size({"width": 1200, "height": 1500})
    open_notebook(page, lab.lab(file.name))
    page.evaluate(LISTEN)
    return file


def begin(page: Any) -> Any:
    """Run all but the last cell; the view."""
    for number in range(3):
        run_cell(page, number)
    view = page.locator(f"{RESULTS}-live")
    view.wait_for()
    return view


def percentile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100)[round(100 * share) - 1]


def test_it_shows_a_training_while_the_cell_runs(notebook: Path, page: Any) -> None:
    view = begin(page)
    view.get_by_text(" measured").wait_for()
    page.wait_for_function("latencies.length >= 4")
    assert page.locator(".jp-InputPrompt").nth(2).inner_text() == "[*]:"  # it still runs
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        drawn = page.evaluate("latencies.length")
        page.wait_for_function(f"latencies.length > {drawn}")
        keep(view, f"watch-live-{scheme}")
    layers = view.get_by_role("slider", name="Layer")
    layers.focus()
    page.keyboard.press("ArrowDown")
    wait_for(page, lambda: layers.get_attribute("aria-valuenow") == "2")
    page.keyboard.press("End")
    view.get_by_text("weight gradient").wait_for()
    assert layers.get_attribute("aria-valuetext").startswith("10, Linear: gradient norm ")


@pytest.mark.alone
def test_news_are_painted_and_stop_is_heard_at_once(busy_notebook: Path, page: Any) -> None:
    view = begin(page)
    page.wait_for_function("latencies.length >= 4")
    page.evaluate("latencies.length = 0")
    page.wait_for_function("latencies.length >= 40")
    latencies = page.evaluate("latencies")
    assert percentile(latencies, 0.95) <= PAINTED, sorted(latencies)
    view.get_by_role("button", name="Stop").click()
    pressed = page.evaluate("pressed")
    page.locator(".jp-InputPrompt").get_by_text("[3]:").wait_for()
    run_cell(page, 3)
    told = page.locator(".jp-OutputArea-output pre").get_by_text("ended").last.inner_text()
    last, step = (1000 * float(each) for each in told.split()[-2:])
    assert last - pressed <= step + STOPPED


def test_nothing_is_left_but_the_static_form(notebook: Path, page: Any) -> None:
    view = begin(page)
    page.wait_for_function("latencies.length >= 10")
    view.get_by_role("button", name="Stop").click()
    view.wait_for(state="detached")
    page.locator(RESULTS).get_by_role("table").first.wait_for()
    document = saved(page, notebook)
    assert "widgets" not in document["metadata"]
    outputs = document["cells"][2]["outputs"]
    assert "text/html" in outputs[-1]["data"]
    assert len(json.dumps(outputs)) <= 150_000
    assert "widget" not in json.dumps(outputs)
    exported, _ = HTMLExporter().from_notebook_node(nbformat.read(notebook, as_version=4))
    result = exported[exported.rindex('class="dlm"') :]
    assert "</table>" in result
    assert 'src="data:image/' in result
