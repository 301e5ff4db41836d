"""What is ours without a mouse: reached by Tab, worked by keys, seen to have the focus."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.reader import RESULTS, open_notebook, run_cell, wait_for
from tests.browser.seen import FOCUSED
from tests.browser.server import Workplace

pytestmark = pytest.mark.browser

CELLS = (
    "%load_ext dlmagic\nimport torch\nx = torch.ones(4)",
    "%%graphmode -m compile:eager\ny = x + 1\nif y.sum() > 0:\n    y = y * 2",
)
MOST_TABS = 60


def tab_to(page: Any, name: str) -> None:
    """Press Tab until what has this name has the focus, and can be seen to have it."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["ours"] and focused["name"].startswith(name):
            assert focused["seen"]
            return
    pytest.fail(f"Tab does not come to {name}")


@pytest.mark.parametrize("front_end", ["lab", "notebook_7"])
def test_a_fold_is_opened_and_closed(lab: Workplace, page: Any, front_end: str) -> None:
    lab.write("folds.ipynb", *CELLS)
    open_notebook(page, getattr(lab, front_end)("folds.ipynb"))
    for number in range(len(CELLS)):
        run_cell(page, number)
    result = page.locator(RESULTS).first
    result.wait_for()
    fold = result.locator("details").first
    name = fold.locator("summary").inner_text()
    page.locator(".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt").nth(1).click()
    tab_to(page, name)
    for key, is_open in (("Enter", True), ("Space", False), ("Space", True), ("Enter", False)):
        page.keyboard.press(key)
        wait_for(page, lambda is_open=is_open: fold.evaluate("it => it.open") == is_open)
        assert page.evaluate(FOCUSED)["name"] == name  # not the cell's text
