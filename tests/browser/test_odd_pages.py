"""Pages on which a result is met now and then: untrusted, without a kernel, twice, read only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo_notebooks.run import write_html
from tests.browser.reader import RESULTS, open_notebook, run_all_cells, run_cell
from tests.browser.seen import results_of
from tests.browser.server import Workplace

pytestmark = pytest.mark.browser

TWICE = (
    "%load_ext dlmagic\nimport torch\nx = torch.ones(4)",
    "%%graphmode -m compile:eager -q -o report\ny = x + 1\nif y.sum() > 0:\n    y = y * 2",
    "display(report, report)",
    "print('all cells', 'have run')",
)
WORDS = """results => results.map((result) => {
    const copy = result.cloneNode(true);
    copy.querySelectorAll("style").forEach((each) => each.remove());
    return copy.textContent.replace(/\\s+/g, " ").trim();
})"""


def words(page: Any, selector: str = RESULTS) -> list[str]:
    """What the results on a page say."""
    results = page.locator(selector)
    results.first.wait_for()
    found: list[str] = results.evaluate_all(WORDS)
    return found


def pictures(page: Any, selector: str = RESULTS) -> list[int]:
    """How wide the pictures are, each of which is drawn."""
    images = page.locator(f"{selector} img")
    drawn = "image => image.decode().then(() => image.naturalWidth)"
    return [image.evaluate(drawn) for image in images.all()]


def test_where_nobody_trusts_the_notebook_it_says_the_same(
    executed_graphmode: Any, lab: Workplace, open_page: Callable[..., Any]
) -> None:
    lab.put("trusted.ipynb", executed_graphmode)
    lab.trust("trusted.ipynb")
    lab.put(
        "strange.ipynb",
        {**executed_graphmode, "metadata": {**executed_graphmode["metadata"], "mine": False}},
    )
    pages = {name: open_page() for name in ("trusted", "strange")}
    for name, page in pages.items():
        open_notebook(page, lab.lab(f"{name}.ipynb"), kernel=False)
    said = {name: words(page) for name, page in pages.items()}
    assert pages["trusted"].locator(f"{RESULTS} style").count() > 0
    assert pages["strange"].locator(f"{RESULTS} style").count() == 0
    assert len(said["trusted"]) == 7
    assert said["trusted"] == said["strange"]
    assert pictures(pages["trusted"]) == pictures(pages["strange"])


def test_a_page_without_scripts_says_the_same(
    executed_graphmode: Any, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    write_html(executed_graphmode, tmp_path / "page.html")
    reader, other = open_page(java_script_enabled=False), open_page()
    reader.goto((tmp_path / "page.html").as_uri())
    other.set_content("".join(results_of(executed_graphmode)))
    assert words(reader, ".dlm") == words(other, ".dlm")
    assert len(words(reader, ".dlm")) == 7
    assert all(width > 300 for width in pictures(reader, ".dlm"))


def test_without_a_kernel_the_saved_results_are_shown(
    executed_graphmode: Any, lab: Workplace, page: Any
) -> None:
    gone = {"kernelspec": {"name": "gone", "display_name": "Gone"}}
    lab.put("gone.ipynb", {**executed_graphmode, "metadata": gone})
    open_notebook(page, lab.lab("gone.ipynb"), kernel=False)
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_role("button", name="No Kernel").click()
    dialog.wait_for(state="detached")
    assert len(words(page)) == 7
    assert all(width > 300 for width in pictures(page))
    assert lab.sessions() == []


def test_twice_on_one_page_each_works(lab: Workplace, page: Any) -> None:
    lab.write("twice.ipynb", *TWICE)
    open_notebook(page, lab.lab("twice.ipynb"))
    run_all_cells(page)
    first, second = words(page)
    assert first == second
    assert len(set(pictures(page))) == 1
    assert page.locator(f"{RESULTS} [id], {RESULTS} [name]").count() == 0
    folds = [result.locator("details") for result in page.locator(RESULTS).all()]
    for fold in (folds[1].last, folds[0].first):
        fold.locator("summary").click()
    opened = [[each.evaluate("it => it.open") for each in result.all()] for result in folds]
    last = [False] * (len(opened[0]) - 1)
    assert opened == [[True, *last], [*last, True]]


def test_in_a_read_only_notebook_results_come_as_ever(lab: Workplace, page: Any) -> None:
    def read_only(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "writable": False})

    page.route("**/api/contents/**/*.ipynb?*", read_only)
    file = lab.write(
        "read-only.ipynb", "%load_ext dlmagic\nimport torch\nx = torch.ones(4)", "%tensors"
    )
    before = file.read_text()
    open_notebook(page, lab.lab(file.name))
    for number in range(2):
        run_cell(page, number)
    assert "x" in words(page)[0]
    assert file.read_text() == before
