"""The demo notebooks as they are stored: what a reader without a kernel sees, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.pictures import keep
from tests.browser.reader import RESULTS, open_notebook, show_in
from tests.browser.server import Workplace

DEMO_NOTEBOOKS = Path(__file__).parents[2] / "demo_notebooks"
PICTURED = {
    "quickstart": {"dlbench": "compile once", "keras": "keras-fit"},
    "watch": {"watch": "update ratio"},
    "story": {"summary": "Layers in the order of their calls"},
    "cluster": {"ranks": "ranks"},
}
"""By notebook: names of pictures, and words of the results that they show."""

ROOM = {"width": 1500, "height": 3000}
"""For the largest result, which is pictured as a whole."""

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("notebook", PICTURED)
def test_what_is_stored_is_shown(notebook: str, lab: Workplace, page: Any) -> None:
    name = f"{notebook}.ipynb"
    lab.put(name, nbformat.read(DEMO_NOTEBOOKS / name, as_version=4))
    lab.trust(name)
    open_notebook(page, lab.lab(name), kernel=False)
    page.set_viewport_size(ROOM)
    for picture, words in PICTURED[notebook].items():
        result = page.locator(RESULTS).filter(has_text=words).first
        result.wait_for()
        colours = set()
        for scheme in ("light", "dark"):
            show_in(page, scheme)
            colours.add(result.evaluate("result => getComputedStyle(result).color"))
            keep(result, f"{picture}-{scheme}")
        assert len(colours) == 2
