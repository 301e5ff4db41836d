"""Explanations, tensors and silent mistakes as a reader of JupyterLab sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.test_jupyterlab import SCREENSHOTS, SECONDS, open_notebook, show_in

pytestmark = pytest.mark.browser

CELLS = (
    "%load_ext dlmagic\nimport torch\nx, w = torch.ones(3, 4), torch.ones(5, 4)\nx.grad",
    "%tensors",
    "%%tensors\nx.double()\ny = x + 1",
    "def step(x):\n    return x @ w",
    "try:\n    step(x)\nexcept RuntimeError as error:\n    kept = error",
    "%explain kept",
    "print('all cells', 'have run')",
)


def test_mistakes_are_named_light_and_dark(lab: str, page: Any, tmp_path: Path) -> None:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=[new_code_cell(text) for text in CELLS], metadata=kernel)
    nbformat.write(notebook, tmp_path / "notebooks" / "mistakes.ipynb")
    open_notebook(page, lab, "mistakes.ipynb")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    end = page.get_by_text("all cells have run", exact=True)
    end.wait_for(timeout=SECONDS * 1000)

    results = page.locator(".jp-OutputArea-output .dlm")
    assert results.count() == 3
    table, silent, explained = (each.inner_text() for each in results.all())
    assert "all tensors here keep" in table
    assert "1 mistake that raised nothing." in silent
    assert "x has 4 columns, w has 5 rows" in explained
    assert "return x @ w.T" in explained
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        results.first.evaluate("result => result.scrollIntoView({block: 'start'})")
        page.screenshot(path=SCREENSHOTS / f"mistakes-{scheme}.png")
