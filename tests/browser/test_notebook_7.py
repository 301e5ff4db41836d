"""Notebook 7: results and a live view there, as in JupyterLab."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.reader import RESULTS, open_notebook, run_cell, show_in, wait_for
from tests.browser.seen import barriers, too_wide
from tests.browser.server import Workplace
from tests.browser.training import BUILD, CALMLY, LOAD

pytestmark = pytest.mark.browser

TENSORS = "%tensors"


def test_a_result_and_a_live_view(lab: Workplace, page: Any) -> None:
    lab.write("notebook.ipynb", LOAD, BUILD, TENSORS, CALMLY)
    open_notebook(page, lab.notebook_7("notebook.ipynb"))
    for number in range(4):
        run_cell(page, number)
    view = page.locator(f"{RESULTS}-live")
    view.get_by_text(" measured").wait_for()
    assert "all tensors here keep" in page.locator(RESULTS).first.inner_text()
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        assert not barriers(page, RESULTS)
    page.set_viewport_size({"width": 600, "height": 1100})
    wait_for(page, lambda: not too_wide(page.locator(RESULTS)))
    view.get_by_role("button", name="Stop").click()
    view.wait_for(state="detached")
    page.locator(RESULTS).nth(1).get_by_role("table").first.wait_for()
