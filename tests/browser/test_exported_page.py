"""A notebook with graphs as a saved page, for a reader whose browser runs no scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from demo_notebooks.run import run, write_html
from tests.browser.pictures import BUILD, keep

pytestmark = pytest.mark.browser

CELLS = (
    "%load_ext dlmagic\nimport torch\nx = torch.ones(4, requires_grad=True)",
    "%%graphmode -m compile:eager\ny = x\nfor _ in range(500):\n    y = torch.sin(y) * 1.5",
    "%%graphmode -m compile:eager\ny = x + 1\nif y.sum() > 0:\n    y = y * 2\nz = y - 1",
    "%%autograd\nf = (x * (x + 1)).sum()",
)


@pytest.fixture(scope="module")
def saved_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executed notebook as HTML; made before a browser's event loop runs."""
    folder = tmp_path_factory.mktemp("saved")
    notebook = new_notebook(cells=[new_code_cell(text) for text in CELLS])
    file = folder / "graphs.ipynb"
    nbformat.write(notebook, file)
    write_html(run(file), folder / "graphs.html")
    return folder / "graphs.html"


def test_graphs_are_legible_without_scripts(
    saved_page: Path, open_page: Callable[..., Any]
) -> None:
    reader = open_page(java_script_enabled=False)
    reader.goto(saved_page.as_uri())
    results = reader.locator(".dlm")
    assert results.count() == 3
    for result, name in zip(results.all(), ("large", "break", "autograd"), strict=True):
        assert len(result.evaluate("result => result.outerHTML").encode()) <= 300_000
        picture = result.locator("img").first
        width, height = picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")
        assert width > 300
        assert height > 100
        shown = picture.bounding_box()
        assert shown["width"] >= 0.7 * width  # its letters stay large enough to be read
        keep(result, f"saved-{name}", BUILD)
    fold = results.first.locator("details").first
    fold.locator("summary").click()
    assert fold.locator("table").first.is_visible()
