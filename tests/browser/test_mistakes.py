"""Explanations, tensors and silent mistakes as a reader of JupyterLab sees them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.pictures import keep
from tests.browser.reader import END, RESULTS, open_notebook, run_all_cells, show_in
from tests.browser.server import Workplace

pytestmark = pytest.mark.browser

CELLS = (
    "%load_ext dlmagic\nimport torch\nx, w = torch.ones(3, 4), torch.ones(5, 4)\nx.grad",
    "%tensors",
    "%%tensors\nx.double()\ny = x + 1",
    "def step(x):\n    return x @ w",
    "try:\n    step(x)\nexcept RuntimeError as error:\n    kept = error",
    "%explain kept",
    END,
)
GROUND = "code => getComputedStyle(code).backgroundColor"
CLEAR = "rgba(0, 0, 0, 0)"


def test_mistakes_are_named_light_and_dark(lab: Workplace, page: Any) -> None:
    lab.write("mistakes.ipynb", *CELLS)
    open_notebook(page, lab.lab("mistakes.ipynb"))
    run_all_cells(page)
    results = page.locator(RESULTS)
    assert results.count() == 3
    table, silent, explained = (each.inner_text() for each in results.all())
    assert "all tensors here keep" in table
    assert "1 mistake that raised nothing." in silent
    assert "x has 4 columns, w has 5 rows" in explained
    assert "return x @ w.T" in explained
    for scheme in ("light", "dark"):
        show_in(page, scheme)
        code = results.nth(1).locator("pre").first
        grounds = [code.evaluate(GROUND), code.locator("code").evaluate(GROUND)]
        assert grounds == [
            {"light": "rgb(239, 241, 244)", "dark": "rgb(42, 47, 56)"}[scheme],
            CLEAR,
        ]
        for result, name in zip(results.all(), ("tensors", "silent", "explain"), strict=True):
            keep(result, f"{name}-{scheme}")
